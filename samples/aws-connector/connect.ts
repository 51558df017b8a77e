/** Connections to Aurora DSQL with AWS's connector for node-postgres, which makes the tokens and sets up TLS. */
import process from "node:process";
import { AuroraDSQLPool } from "@aws/aurora-dsql-node-postgres-connector";

export function openPool(): AuroraDSQLPool {
  const user = variable("CLUSTER_USER");
  const pool = new AuroraDSQLPool({
    host: variable("CLUSTER_ENDPOINT"),
    region: variable("REGION"),
    user,
    // Direct TLS, a round trip less: the driver can, the connector does not ask for it by itself.
    sslnegotiation: "direct",
    max: 10,
    // The admin's tables are in `public`; every other role works in a schema of its own.
    onConnect: (client) => client.query(`SET search_path = ${user === "admin" ? "public" : "myschema"}`),
  });
  // Without a listener an idle connection that breaks would end the process. The pool replaces it.
  pool.on("error", (error) => {
    console.error(`an idle connection broke: ${error.message}`);
  });
  return pool;
}

function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set. For the local cluster: eval "$(npx dsql env)"`);
  return value;
}
