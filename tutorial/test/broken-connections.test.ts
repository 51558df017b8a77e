/**
 * What the chapters promise when a connection breaks: before COMMIT nothing was changed; while COMMIT is under way nobody
 * knows, and the function says so instead of trying again; and a broken connection is never used for the next transfer.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type pg from "pg";
import { type Cable, layCable } from "./cable.ts";
import { openTutorialDatabase } from "./database.ts";
import { DeployedFunction } from "./deployed-function.ts";
import { type LocalStack, startLocalStack } from "./local-stack.ts";

/** How often the program sends and waits in one transfer; the last time it waits for the commit. */
const conversations = [
  ["ch03", 4],
  ["ch04", 4],
  ["ch05", 5],
  ["ch06", 5],
  ["ch06-one-statement", 1],
  ["ch06-pipelined", 2],
] as const;

let stack: LocalStack;
let environment: NodeJS.ProcessEnv;
let admin: pg.Client;
let cable: Cable;

before(async () => {
  stack = await startLocalStack();
  environment = await stack.environment();
  admin = await openTutorialDatabase(stack, environment);
  await admin.query("INSERT INTO accounts VALUES (1, 100), (2, 100)");
  cable = await layCable({ port: Number(environment["DSQL_LOCAL_PORT"]), delayMs: 25 });
  environment = { ...environment, DSQL_LOCAL_PORT: String(cable.port) };
});

after(async () => {
  await cable?.close();
  await admin?.end();
  await stack?.stop();
});

async function balanceOfPayer(): Promise<number> {
  const { rows } = await admin.query<{ balance: number }>("SELECT balance FROM accounts WHERE id = 1");
  return rows[0]!.balance;
}

/** The commit may still be under way when its caller hears that the connection is gone. */
async function becomes(expected: number): Promise<void> {
  for (let looks = 0; looks < 600 && (await balanceOfPayer()) !== expected; looks++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal(await balanceOfPayer(), expected);
}

const transfer = { payer_id: 1, payee_id: 2, amount: 1 };

for (const [chapter, turns] of conversations) {
  test(`${chapter}: a connection that breaks is not used again, and its transfer is made once or not at all`, async () => {
    const options = { folder: stack.folder, environment, environments: 1 };
    const deployed = await DeployedFunction.of(chapter, options);
    try {
      assert.equal((await deployed.invoke(transfer)).thrown, undefined);
      const balance = await balanceOfPayer();
      const connections = cable.connections();

      cable.cutAt(turns, false);
      const broken = await deployed.invoke(transfer);
      assert.ok(broken.thrown !== undefined, "what was not committed was reported as done");
      assert.notEqual(broken.thrown, "Runtime.ExitError");
      assert.equal(await balanceOfPayer(), balance);
      assert.equal((await deployed.invoke(transfer)).thrown, undefined);
      assert.equal(cable.connections(), connections + 1);

      cable.cutAt(turns, true);
      const { thrown } = await deployed.invoke(transfer);
      // Not an SQLSTATE, which would say what became of it.
      assert.doesNotMatch(thrown ?? "", /^[0-9A-Z]{5}$/);
      await becomes(balance - 2);
      assert.equal((await deployed.invoke(transfer)).thrown, undefined);
      assert.equal(await balanceOfPayer(), balance - 3);
    } finally {
      await deployed.stop();
    }
  });
}
