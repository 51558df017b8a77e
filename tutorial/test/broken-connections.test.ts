/**
 * What the chapters promise when a connection breaks: before COMMIT nothing was changed; while COMMIT is under way nobody
 * knows, and the function says so instead of trying again; and a broken connection is never used for the next transfer.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type CabledStack, startCabledStack } from "./cabled-stack.ts";

/** How often the program sends and waits in one transfer; the last time it waits for the commit. */
const conversations = [
  ["ch03", 4],
  ["ch04", 4],
  ["ch05", 5],
  ["ch06", 5],
  ["ch06-one-statement", 1],
  ["ch06-pipelined", 2],
] as const;

let stack: CabledStack;

before(async () => {
  stack = await startCabledStack(25);
});

after(() => stack?.stop());

/** The commit may still be under way when its caller hears that the connection is gone. */
async function becomes(expected: number): Promise<void> {
  for (let looks = 0; looks < 600 && (await stack.balanceOfPayer()) !== expected; looks++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal(await stack.balanceOfPayer(), expected);
}

const transfer = { payer_id: 1, payee_id: 2, amount: 1 };

for (const [chapter, turns] of conversations) {
  test(`${chapter}: a connection that breaks is not used again, and its transfer is made once or not at all`, async () => {
    const { cable, balanceOfPayer } = stack;
    const deployed = await stack.deploy(chapter);
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
