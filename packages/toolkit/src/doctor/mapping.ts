/**
 * Why a database role other than admin was refused. The service has one sentence for a missing policy, a missing role and
 * a missing mapping; whoever may connect as admin can look two of the three up.
 */
import { errors } from "@dsql-local/spec";
import type { Pool } from "pg";
import type { StepReport } from "./types.ts";

interface Mapping {
  readonly canLogin: boolean | null;
  readonly principals: readonly string[];
}

/**
 * @param admin - a pool of the administrator, with the credentials that were refused for the role
 * @returns undefined when these credentials may not connect as admin, so nothing can be looked up
 */
export async function explainRefusedRole(admin: Pool, role: string): Promise<StepReport | undefined> {
  let mapping: Mapping;
  try {
    mapping = await lookUp(admin, role);
  } catch {
    return undefined;
  }
  const grant = `AWS IAM GRANT "${role}" TO 'arn:aws:iam::<account>:role/<role>'`;
  if (mapping.canLogin === null) {
    return failed(
      "mapping",
      `there is no database role "${role}"`,
      `CREATE ROLE "${role}" WITH LOGIN, then ${grant}.`,
    );
  }
  if (!mapping.canLogin) {
    return failed("mapping", `"${role}" may not log in`, `ALTER ROLE "${role}" WITH LOGIN.`);
  }
  if (mapping.principals.length === 0) {
    return failed("mapping", `no IAM role is mapped to "${role}"`, `As admin: ${grant}.`);
  }
  return failed(
    "access",
    `"${role}" is mapped to ${mapping.principals.join(", ")}, and the service refused these credentials`,
    `Use credentials of one of these, with a policy that allows dsql:DbConnect; or, as admin, map yours: ${grant}.`,
  );
}

async function lookUp(admin: Pool, role: string): Promise<Mapping> {
  const roles = await admin.query<{ rolcanlogin: boolean }>(
    "SELECT rolcanlogin FROM pg_catalog.pg_roles WHERE rolname = $1",
    [role],
  );
  const mappings = await admin.query<{ arn: string }>(
    "SELECT arn FROM sys.iam_pg_role_mappings WHERE pg_role_name = $1 ORDER BY arn LIMIT 5",
    [role],
  );
  return {
    canLogin: roles.rows[0]?.rolcanlogin ?? null,
    principals: mappings.rows.map(({ arn }) => arn),
  };
}

function failed(step: StepReport["step"], finding: string, remedy: string): StepReport {
  return { step, outcome: "failed", finding, remedy, code: errors.accessDenied.sqlstate };
}
