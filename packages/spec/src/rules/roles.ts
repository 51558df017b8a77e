import { sources } from "../sources.ts";
import type { Rule } from "./rule.ts";

/** PostgreSQL's name of the option, and how it is written. LOGIN and NOLOGIN are all that CREATE ROLE takes. */
const roleOptions: Readonly<Record<string, string>> = {
  password: "PASSWORD",
  superuser: "SUPERUSER",
  createdb: "CREATEDB",
  createrole: "CREATEROLE",
  inherit: "INHERIT",
  isreplication: "REPLICATION",
  bypassrls: "BYPASSRLS",
  connectionlimit: "CONNECTION LIMIT",
  validUntil: "VALID UNTIL",
};

const option = (statement: { readonly id: string; readonly node: string; readonly words: string }): Rule[] =>
  Object.entries(roleOptions).map(([name, words]) => ({
    id: `${statement.id}-${words.toLowerCase().replaceAll(" ", "-")}`,
    topic: "roles",
    match: { node: statement.node, where: { options: { some: { "DefElem.defname": name } } } },
    message: `${words} not supported for ${statement.words}`,
    ...(name === "password" && {
      hint: "There are no passwords: AWS IAM GRANT lets an IAM role connect as this role.",
    }),
    source: sources.lint,
    mark: "unsure",
  }));

const systemSchemas = ["public", "sys", "pg_catalog", "information_schema"];

export const roleRules: readonly Rule[] = [
  {
    id: "create-user",
    topic: "roles",
    match: { node: "CreateRoleStmt", where: { stmt_type: { oneOf: ["ROLESTMT_USER", "ROLESTMT_GROUP"] } } },
    message: "CREATE USER not supported",
    hint: "Use CREATE ROLE name WITH LOGIN.",
    source: sources.lint,
    mark: "unsure",
  },
  ...option({ id: "create-role", node: "CreateRoleStmt", words: "CREATE ROLE" }),
  ...option({ id: "alter-role", node: "AlterRoleStmt", words: "ALTER ROLE" }),
  {
    id: "alter-role-set",
    topic: "roles",
    match: { node: "AlterRoleSetStmt" },
    message: "unsupported statement: AlterRoleSet",
    source: sources.lint,
    mark: "unsure",
  },
  {
    id: "rename-role",
    topic: "roles",
    match: { node: "RenameStmt", where: { renameType: "OBJECT_ROLE" } },
    message: "unsupported object in RENAME statement",
    source: sources.releases,
    mark: "unsure",
    until: "2026-04-01",
  },
  {
    id: "grant-object",
    topic: "roles",
    match: {
      node: "GrantStmt",
      anywhere: true,
      where: {
        objtype: {
          oneOf: [
            ...[
              "OBJECT_DATABASE",
              "OBJECT_FDW",
              "OBJECT_FOREIGN_SERVER",
              "OBJECT_LANGUAGE",
              "OBJECT_LARGEOBJECT",
            ],
            ...["OBJECT_PARAMETER_ACL", "OBJECT_TABLESPACE"],
          ],
        },
      },
    },
    message: "unsupported object type in GRANT",
    source: sources.skill,
    mark: "measured",
  },
  {
    id: "grant-system-schema",
    topic: "roles",
    match: {
      node: "GrantStmt",
      anywhere: true,
      where: { objtype: "OBJECT_SCHEMA", objects: { some: { "String.sval": { oneOf: systemSchemas } } } },
    },
    message: "feature not supported on system entity",
    hint: "CREATE SCHEMA of your own, and GRANT USAGE, CREATE on that.",
    source: sources.spike,
    mark: "measured",
  },
  {
    id: "default-privileges",
    topic: "roles",
    match: { node: "AlterDefaultPrivilegesStmt" },
    message: "feature not supported on system entity",
    source: sources.releases,
    mark: "unsure",
    until: "2026-04-24",
  },
];
