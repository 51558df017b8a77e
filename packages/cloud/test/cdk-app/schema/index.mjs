/**
 * What a stack asks of the database: a role that an IAM role may become, and statements, each run once.
 *
 * Whatever is there already is left as it is, since a creation that failed half-way is asked for again. On deletion the
 * role goes; tables stay, as data should.
 */
import { DsqlSigner } from "@aws-sdk/dsql-signer";
import pg from "pg";

export async function handler(event) {
  const { Endpoint, Role, IamRole, Statements } = event.ResourceProperties;
  const client = await connect(Endpoint);
  try {
    if (event.RequestType === "Delete") await dropRole(client, Role, IamRole);
    if (event.RequestType === "Create") await createRole(client, Role, IamRole);
    if (event.RequestType !== "Delete") {
      const done = event.OldResourceProperties?.Statements ?? [];
      for (const statement of Statements.filter((text) => !done.includes(text)))
        await client.query(statement);
    }
    return { PhysicalResourceId: `${Endpoint}/${Role}`, Data: { Statements: String(Statements.length) } };
  } finally {
    await client.end();
  }
}

async function connect(host) {
  const signer = new DsqlSigner({ hostname: host, region: process.env.AWS_REGION });
  const password = await signer.getDbConnectAdminAuthToken();
  const client = new pg.Client({ host, user: "admin", database: "postgres", password, ssl: true });
  await client.connect();
  return client;
}

async function createRole(client, role, iamRole) {
  const { rowCount } = await client.query("SELECT 1 FROM pg_roles WHERE rolname = $1", [role]);
  if (rowCount === 0) await client.query(`CREATE ROLE ${role} WITH LOGIN`);
  await client.query(`AWS IAM GRANT ${role} TO '${iamRole}'`);
}

async function dropRole(client, role, iamRole) {
  await client.query(`AWS IAM REVOKE ${role} FROM '${iamRole}'`);
  await client.query(`DROP ROLE ${role}`);
}
