import { sources } from "../../sources.ts";
import type { Rule } from "../rule.ts";

/** PostgreSQL's name of the option, and how it is written. LOGIN and NOLOGIN are all that CREATE ROLE takes. */
const roleOptions: Readonly<Record<string, { readonly words: string; readonly example?: string }>> = {
  password: { words: "PASSWORD", example: "PASSWORD 'x'" },
  superuser: { words: "SUPERUSER" },
  createdb: { words: "CREATEDB" },
  createrole: { words: "CREATEROLE" },
  inherit: { words: "INHERIT" },
  isreplication: { words: "REPLICATION" },
  bypassrls: { words: "BYPASSRLS" },
  connectionlimit: { words: "CONNECTION LIMIT", example: "CONNECTION LIMIT 5" },
  validUntil: { words: "VALID UNTIL", example: "VALID UNTIL '2030-01-01'" },
};

const noPasswords = {
  reason: "Aurora DSQL has no passwords: a connection is let in by an IAM token.",
  remedy: "AWS IAM GRANT lets an IAM role connect as this role.",
};
const loginOnly = {
  reason: "Of a role's attributes Aurora DSQL has LOGIN only.",
  remedy: "Leave it out; give rights with GRANT, and connections with AWS IAM GRANT.",
};

const option = (statement: { readonly id: string; readonly node: string; readonly words: string }): Rule[] =>
  Object.entries(roleOptions).map(([name, { words, example = words }]) => ({
    id: `${statement.id}-${words.toLowerCase().replaceAll(" ", "-")}`,
    topic: "roles",
    match: { node: statement.node, where: { options: { some: { "DefElem.defname": name } } } },
    example: `${statement.words} clerk ${example}`,
    ...(name === "password" ? noPasswords : loginOnly),
    message: `${words} not supported for ${statement.words}`,
    source: sources.lint,
    mark: "unsure",
  }));

const systemSchemas = ["sys", "pg_catalog", "information_schema"];

/** What holds of a schema of the system's holds of what is in it; what is in `public` is the client's. */
const inSystemSchema = {
  topic: "roles",
  reason: "What is in the system's schemas belongs to the service, and every role may read it.",
  remedy: "Leave it out: views and functions of the system need no grant.",
  message: "feature not supported on system entity",
  source: sources.spike,
  mark: "unsure",
} as const;

/** Databases, languages and the like: what a cluster has one of, or none. */
const ungrantable = [
  ...["OBJECT_DATABASE", "OBJECT_FDW", "OBJECT_FOREIGN_SERVER", "OBJECT_LANGUAGE", "OBJECT_LARGEOBJECT"],
  ...["OBJECT_PARAMETER_ACL", "OBJECT_TABLESPACE"],
];

export const roleRules: readonly Rule[] = [
  {
    id: "create-user",
    topic: "roles",
    match: { node: "CreateRoleStmt", where: { stmt_type: "ROLESTMT_USER" } },
    example: "CREATE USER clerk",
    reason: "Aurora DSQL makes roles with CREATE ROLE only.",
    remedy: "Use CREATE ROLE name WITH LOGIN.",
    message: "CREATE USER not supported",
    source: sources.lint,
    mark: "unsure",
  },
  {
    id: "create-group",
    topic: "roles",
    match: { node: "CreateRoleStmt", where: { stmt_type: "ROLESTMT_GROUP" } },
    example: "CREATE GROUP clerks",
    reason: "Aurora DSQL makes roles with CREATE ROLE only.",
    remedy: "Use CREATE ROLE name, and GRANT it to its members.",
    message: "CREATE GROUP not supported",
    source: sources.lint,
    mark: "unsure",
  },
  ...option({ id: "create-role", node: "CreateRoleStmt", words: "CREATE ROLE" }),
  ...option({ id: "alter-role", node: "AlterRoleStmt", words: "ALTER ROLE" }),
  {
    id: "alter-role-set",
    topic: "roles",
    // RESET takes away what nobody could set; AWS's lint counts it among what runs.
    match: {
      node: "AlterRoleSetStmt",
      where: { "setstmt.kind": { noneOf: ["var_reset", "var_reset_all"] } },
    },
    example: "ALTER ROLE clerk SET search_path TO shop",
    reason: "Aurora DSQL keeps no settings with a role.",
    remedy: "Set it when the connection opens, by the driver's options or a SET.",
    message: "unsupported statement: AlterRoleSet",
    source: sources.lint,
    mark: "unsure",
  },
  {
    id: "rename-role",
    topic: "roles",
    match: { node: "RenameStmt", where: { renameType: "OBJECT_ROLE" } },
    example: "ALTER ROLE clerk RENAME TO teller",
    reason: "Roles can be renamed since April 2026.",
    remedy: "Create a role of the new name and grant it the same.",
    message: "unsupported object in RENAME statement",
    source: sources.releases,
    mark: "unsure",
    until: "2026-04-01",
  },
  {
    id: "grant-object",
    topic: "roles",
    match: { node: "GrantStmt", anywhere: true, where: { objtype: { oneOf: ungrantable } } },
    example: "GRANT CONNECT ON DATABASE postgres TO PUBLIC",
    reason: "Aurora DSQL grants rights on tables, columns, sequences, schemas, functions and roles only.",
    remedy: "Leave it out: who may connect is decided by IAM policies and AWS IAM GRANT.",
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
      where: {
        objtype: "OBJECT_SCHEMA",
        objects: { some: { "String.sval": { oneOf: ["public", ...systemSchemas] } } },
      },
    },
    example: "GRANT USAGE ON SCHEMA public TO PUBLIC",
    reason: "The schema public and the system's schemas belong to the service, which does not share them.",
    remedy: "CREATE SCHEMA of your own, and GRANT USAGE, CREATE on that.",
    message: "feature not supported on system entity",
    source: sources.spike,
    mark: "measured",
  },
  {
    id: "grant-system-table",
    match: {
      node: "GrantStmt",
      anywhere: true,
      where: { objects: { some: { "RangeVar.schemaname": { oneOf: systemSchemas } } } },
    },
    example: "GRANT SELECT ON sys.jobs TO PUBLIC",
    ...inSystemSchema,
  },
  {
    id: "grant-system-function",
    match: {
      node: "GrantStmt",
      anywhere: true,
      where: {
        objects: {
          some: {
            "ObjectWithArgs.objname": { countAtLeast: 2 },
            "ObjectWithArgs.objname.0.String.sval": { oneOf: systemSchemas },
          },
        },
      },
    },
    example: "REVOKE EXECUTE ON FUNCTION sys.cluster_size() FROM PUBLIC",
    ...inSystemSchema,
  },
  {
    id: "grant-all-in-system-schema",
    match: {
      node: "GrantStmt",
      anywhere: true,
      where: {
        targtype: "ACL_TARGET_ALL_IN_SCHEMA",
        objects: { some: { "String.sval": { oneOf: systemSchemas } } },
      },
    },
    example: "GRANT SELECT ON ALL TABLES IN SCHEMA sys TO PUBLIC",
    ...inSystemSchema,
  },
  {
    id: "default-privileges-in-system-schema",
    match: {
      node: "AlterDefaultPrivilegesStmt",
      where: {
        options: {
          some: {
            "DefElem.defname": "schemas",
            "DefElem.arg.List.items": { some: { "String.sval": { oneOf: systemSchemas } } },
          },
        },
      },
    },
    example: "ALTER DEFAULT PRIVILEGES IN SCHEMA sys GRANT SELECT ON TABLES TO PUBLIC",
    ...inSystemSchema,
  },
  {
    id: "default-privileges",
    topic: "roles",
    match: { node: "AlterDefaultPrivilegesStmt" },
    example: "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
    reason: "Default privileges exist since 2026-04-24.",
    remedy: "GRANT on each object after it was made.",
    message: "feature not supported on system entity",
    source: sources.releases,
    mark: "unsure",
    until: "2026-04-24",
  },
];
