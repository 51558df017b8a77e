/**
 * The name of a statement that is neither a query nor about the session: what PostgreSQL puts in its command tag, as far as
 * the tree tells it.
 */
import type { Node } from "libpg-query";
import { nodeType } from "./tree.ts";

/** Statements whose object is told by a field of theirs. */
const verbByType: Readonly<Record<string, string>> = {
  DropStmt: "DROP",
  RenameStmt: "ALTER",
  AlterTableStmt: "ALTER",
  AlterObjectSchemaStmt: "ALTER",
  AlterOwnerStmt: "ALTER",
  DefineStmt: "CREATE",
};

const tagByType: Readonly<Record<string, string>> = {
  CreateStmt: "CREATE TABLE",
  CreateTableAsStmt: "CREATE TABLE AS",
  IndexStmt: "CREATE INDEX",
  ViewStmt: "CREATE VIEW",
  CreateSchemaStmt: "CREATE SCHEMA",
  CreateSeqStmt: "CREATE SEQUENCE",
  AlterSeqStmt: "ALTER SEQUENCE",
  CreateFunctionStmt: "CREATE FUNCTION",
  AlterFunctionStmt: "ALTER FUNCTION",
  CreateDomainStmt: "CREATE DOMAIN",
  AlterDomainStmt: "ALTER DOMAIN",
  CreateRoleStmt: "CREATE ROLE",
  AlterRoleStmt: "ALTER ROLE",
  AlterRoleSetStmt: "ALTER ROLE",
  DropRoleStmt: "DROP ROLE",
  GrantRoleStmt: "GRANT ROLE",
  AlterDefaultPrivilegesStmt: "ALTER DEFAULT PRIVILEGES",
  CreateStatsStmt: "CREATE STATISTICS",
  AlterStatsStmt: "ALTER STATISTICS",
  CommentStmt: "COMMENT",
  TruncateStmt: "TRUNCATE TABLE",
  VacuumStmt: "VACUUM",
};

export function commandTag(node: Node): string {
  const type = nodeType(node);
  const fields = (node as unknown as Record<string, Record<string, unknown>>)[type] ?? {};
  if (type === "GrantStmt") return fields["is_grant"] === true ? "GRANT" : "REVOKE";
  const verb = verbByType[type];
  if (verb !== undefined) return `${verb} ${objectName(fields)}`;
  return tagByType[type] ?? wordsOf(type.replace(/Stmt$/, ""));
}

function objectName(fields: Record<string, unknown>): string {
  const object =
    fields["removeType"] ??
    fields["renameType"] ??
    fields["objtype"] ??
    fields["objectType"] ??
    fields["kind"];
  // Renaming a column or a constraint is ALTER of what it belongs to.
  const belongsTo = fields["relationType"];
  const isPart = object === "OBJECT_COLUMN" || object === "OBJECT_TABCONSTRAINT";
  const name = isPart && typeof belongsTo === "string" ? belongsTo : object;
  return typeof name === "string" ? name.replace(/^OBJECT_/, "").replaceAll("_", " ") : "";
}

/** `CreatePolicy` becomes `CREATE POLICY`. */
const wordsOf = (type: string): string => type.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toUpperCase();
