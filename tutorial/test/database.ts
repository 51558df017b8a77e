/** The tables and the role that the tutorial's text creates by hand, created at once, for what begins after them. */
import pg from "pg";
import type { LocalStack } from "./local-stack.ts";

/** The function under test signs its tokens as this identity, the one of `dsql env`. */
const identity = "arn:aws:iam::123456789012:user/local-admin";

/** @returns a connection as admin; the tables are empty */
export async function openTutorialDatabase(
  stack: LocalStack,
  environment: NodeJS.ProcessEnv,
): Promise<pg.Client> {
  const admin = new pg.Client({
    host: environment["PGHOSTADDR"]!,
    port: Number(environment["PGPORT"]),
    user: "admin",
    password: environment["PGPASSWORD"]!,
    database: "postgres",
    ssl: { rejectUnauthorized: false, servername: stack.endpoint },
  });
  await admin.connect();
  await admin.query("CREATE ROLE myapp WITH LOGIN");
  await admin.query(`AWS IAM GRANT myapp TO '${identity}'`);
  await admin.query("CREATE TABLE accounts (id INT PRIMARY KEY, balance INT)");
  await admin.query(
    `CREATE TABLE transactions (id UUID DEFAULT gen_random_uuid() PRIMARY KEY, payer_id INT, payee_id INT, amount INT,
       created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)`,
  );
  await admin.query("GRANT ALL ON ALL TABLES IN SCHEMA public TO myapp");
  return admin;
}
