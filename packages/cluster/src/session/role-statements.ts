/**
 * Statements about database roles and the IAM principals that may connect as them.
 *
 * Source: Aurora DSQL User Guide, "Using database roles and IAM authentication" and "Troubleshooting".
 * Tests: test/roles.test.ts.
 */
import { errors } from "@dsql-local/spec";
import { SqlError } from "../base/index.ts";
import type { Statement } from "../sql/index.ts";
import { answerWith, type Outcome, type Sink } from "../transaction/index.ts";
import type { OwnContext } from "./own-statements.ts";

const administrator = "admin";

/** What maps to a role: an IAM role or an IAM user, with its path. Sessions of assumed roles are mapped by their role. */
const iamArn = /^arn:aws[a-z-]*:iam::\d{12}:(?:role|user)\/[\w+=,.@/-]+$/;

/** AWS IAM GRANT and REVOKE. @throws {SqlError} only `admin` may; the role or the ARN is not acceptable */
export async function changeMapping(
  { block, role }: OwnContext,
  statement: Extract<Statement, { kind: "iamGrant" | "iamRevoke" }>,
  sink: Sink,
): Promise<Outcome> {
  if (role !== administrator) throw SqlError.of(errors.iamGrantDenied(statement.role));
  if (!iamArn.test(statement.arn)) throw SqlError.of(errors.iamArnMalformed);
  const transaction = block.enter();
  const tag = statement.kind === "iamGrant" ? "AWS IAM GRANT" : "AWS IAM REVOKE";
  if (transaction.isReadOnly) throw SqlError.of(errors.readOnlyTransaction(tag));
  // A mapping concerns whoever connects next, no relation.
  transaction.noteCatalogChange(new Set());
  const change = statement.kind === "iamGrant" ? "iam_grant" : "iam_revoke";
  await transaction.request(`SELECT pg_dsql.${change}($1, $2)`, [statement.role, statement.arn]);
  return answerWith(sink, { tag });
}

/**
 * DROP ROLE and ALTER ROLE … RENAME: a role that IAM principals are mapped to stays, and backends that serve a role by
 * its old name serve nobody once the change is committed, lest a new role of that name be given them.
 *
 * @throws {SqlError} 2BP01 a role to be dropped is mapped
 */
export async function prepareEndOfRoles(
  { block, role, services }: OwnContext,
  statement: Extract<Statement, { kind: "ddl" }>,
): Promise<void> {
  const names = statement.endedRoles ?? [];
  if (names.length === 0) return;
  const { coordinator } = services;
  // Whoever else tries to drop one hears from PostgreSQL that it may not.
  if (statement.command === "DROP ROLE" && role === administrator) {
    const { rows } = await coordinator.system.request(
      `SELECT r.rolname FROM pg_roles r WHERE r.rolname IN (SELECT json_array_elements_text($1::json))
         AND EXISTS (SELECT FROM pg_dsql.iam_mapping m WHERE m.role_oid = r.oid) ORDER BY 1`,
      [JSON.stringify(names)],
    );
    const mapped = rows[0]?.[0];
    if (mapped !== undefined && mapped !== null) throw SqlError.of(errors.iamRoleInUse(mapped));
  }
  block.enter().afterCommit(() => {
    for (const name of names) coordinator.retireRole(name);
    return Promise.resolve();
  });
}
