/**
 * As admin: the table, the function's database role with what it needs and no more, and the mapping of its IAM role.
 * Run after `cdk deploy`, as often as you like.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { createPool } from "dsql-toolkit";

const outputs = JSON.parse(
  readFileSync(path.join(import.meta.dirname, "cdk.out", "outputs.json"), "utf8"),
) as {
  DsqlOwnerSample: { RoleArn: string };
};
const roleArn = outputs.DsqlOwnerSample.RoleArn;

const pool = createPool({ user: "admin" });
try {
  const role = await pool.query("SELECT 1 FROM pg_roles WHERE rolname = 'owner_function'");
  if (role.rowCount === 0) await pool.query("CREATE ROLE owner_function WITH LOGIN");
  await pool.query("CREATE SCHEMA IF NOT EXISTS myschema");
  await pool.query(`CREATE TABLE IF NOT EXISTS myschema.owner (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    name VARCHAR(30) NOT NULL,
    city VARCHAR(80) NOT NULL,
    telephone VARCHAR(20) DEFAULT NULL,
    PRIMARY KEY (id)
  )`);
  await pool.query("GRANT USAGE ON SCHEMA myschema TO owner_function");
  await pool.query("GRANT SELECT, INSERT, UPDATE, DELETE ON myschema.owner TO owner_function");

  const mapping = await pool.query(
    "SELECT 1 FROM sys.iam_pg_role_mappings WHERE pg_role_name = 'owner_function' AND arn = $1",
    [roleArn],
  );
  if (mapping.rowCount === 0) await pool.query(`AWS IAM GRANT owner_function TO '${roleArn}'`);
} finally {
  await pool.end();
}
