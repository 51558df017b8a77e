/** A started stack with its console's address, and clients that give it something to show. */
import { readFileSync } from "node:fs";
import pg from "pg";
import { dsql, freePorts, newDataDir, type Owner, startStack, type StartedStack } from "../command.ts";

export interface ConsoleStack {
  readonly dataDir: string;
  readonly stack: StartedStack;
  /** Signs in. */
  readonly address: string;
  /** A client of the cluster, as an application has it. */
  connect(applicationName: string): Promise<pg.Client>;
}

export async function startConsoleStack(owner: Owner): Promise<ConsoleStack> {
  const dataDir = newDataDir(owner);
  const stack = await startStack(owner, ["--data-dir", dataDir, ...freePorts]);
  return {
    dataDir,
    stack,
    address: await consoleAddress(dataDir),
    connect: async (applicationName) => {
      const { clusterEndpoint, host, port, caFile } = stack.facts;
      const token = await dsql(["token", "--data-dir", dataDir]);
      const client = new pg.Client({
        host,
        port,
        user: "admin",
        database: "postgres",
        password: token.stdout.trim(),
        application_name: applicationName,
        ssl: { ca: readFileSync(caFile, "utf8"), servername: clusterEndpoint },
      });
      client.on("error", () => undefined);
      await client.connect();
      return client;
    },
  };
}

export async function consoleAddress(dataDir: string): Promise<string> {
  const { stdout } = await dsql(["console", "--json", "--data-dir", dataDir]);
  return (JSON.parse(stdout) as { url: string }).url;
}

/** Both write one row; the second to commit loses. */
export async function makeConflict(winner: pg.Client, loser: pg.Client, id: number): Promise<void> {
  await loser.query("BEGIN");
  await loser.query(`UPDATE account SET balance = balance - 1 WHERE id = ${id}`);
  await winner.query(`UPDATE account SET balance = balance + 1 WHERE id = ${id}`);
  await loser.query("COMMIT").catch((error: unknown) => {
    if ((error as pg.DatabaseError).code !== "40001") throw error;
  });
}
