/** A local stack with the talk's database, and a cable between it and the functions of the chapters. */
import type pg from "pg";
import { type Cable, layCable } from "./cable.ts";
import type { Chapter } from "./chapter-files.ts";
import { openTutorialDatabase } from "./database.ts";
import { DeployedFunction } from "./deployed-function.ts";
import { startLocalStack } from "./local-stack.ts";

export interface CabledStack {
  readonly admin: pg.Client;
  readonly cable: Cable;
  /** A chapter's function, with one execution environment, whose connections go through the cable. */
  deploy(chapter: Chapter): Promise<DeployedFunction>;
  /** Of account 1, which pays; it and account 2 begin with 100. */
  readonly balanceOfPayer: () => Promise<number>;
  stop(): Promise<void>;
}

/** @param delayMs - of the cable */
export async function startCabledStack(delayMs = 0): Promise<CabledStack> {
  const started: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of started.reverse()) await end();
  };
  try {
    const stack = await startLocalStack();
    started.push(() => stack.stop());
    const environment = await stack.environment();
    const admin = await openTutorialDatabase(stack, environment);
    started.push(() => admin.end());
    await admin.query("INSERT INTO accounts VALUES (1, 100), (2, 100)");
    const cable = await layCable({ port: Number(environment["DSQL_LOCAL_PORT"]), delayMs });
    started.push(() => cable.close());
    const cabled = { ...environment, DSQL_LOCAL_PORT: String(cable.port) };
    return {
      admin,
      cable,
      deploy: (chapter) =>
        DeployedFunction.of(chapter, { folder: stack.folder, environment: cabled, environments: 1 }),
      balanceOfPayer: async () => {
        const { rows } = await admin.query<{ balance: number }>("SELECT balance FROM accounts WHERE id = 1");
        return rows[0]!.balance;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
