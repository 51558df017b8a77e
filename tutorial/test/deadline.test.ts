/**
 * What the chapters that retry promise about their time: a conflict is retried at once, but no new attempt starts close to
 * the end of the invocation; then the caller hears of the conflict, and nothing was changed.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type CabledStack, startCabledStack } from "./cabled-stack.ts";

/** At which of its messages a transfer sends COMMIT. A refused one is followed by one more, ROLLBACK. */
const commits = [
  ["ch04", 4],
  ["ch05", 5],
  ["ch06", 5],
] as const;

let stack: CabledStack;

before(async () => {
  stack = await startCabledStack();
});

after(() => stack?.stop());

const transfer = { payer_id: 1, payee_id: 2, amount: 10 };

for (const [chapter, commit] of commits) {
  /** Somebody else changes the payer's row before each of the first commits arrives, so that they lose. */
  const losing = (attempts: number): void => {
    const turns = Array.from({ length: attempts }, (_, attempt) => attempt * (commit + 1) + commit);
    stack.cable.holdAt(turns, () =>
      stack.admin.query("UPDATE accounts SET balance = balance + 1 WHERE id = 1"),
    );
  };

  test(`${chapter}: a conflict is retried while there is time, and told when there is none`, async () => {
    const { balanceOfPayer } = stack;
    const deployed = await stack.deploy(chapter);
    try {
      // Opens the connection, whose messages would be counted.
      assert.equal((await deployed.invoke(transfer)).thrown, undefined);
      const balance = await balanceOfPayer();

      losing(2);
      const retried = (await deployed.invoke(transfer)).response as Record<string, unknown>;
      assert.deepEqual([retried["balance"], retried["retries"]], [balance + 2 - 10, 2]);

      losing(3);
      // A second must remain when an attempt starts; after the third conflict it does not.
      const given = [30_000, 1_001, 1_000];
      const refused = (await deployed.invoke(transfer, given)).response as Record<string, unknown>;
      assert.deepEqual(
        [refused["errorCode"], refused["retries"], refused["balance"]],
        ["40001", 2, undefined],
      );
      assert.match(String(refused["error"]), /OC000/);
      assert.equal(await balanceOfPayer(), balance + 2 - 10 + 3);
    } finally {
      await deployed.stop();
    }
  });
}
