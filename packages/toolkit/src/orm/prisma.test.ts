import assert from "node:assert/strict";
import { test } from "node:test";
import { transactionPrisma } from "./prisma.ts";

/** As Prisma's client throws them. */
const prismaError = (code: string, meta?: object): Error =>
  Object.assign(new Error("Prisma"), { code, meta });

async function attemptsUntil(error: Error): Promise<number> {
  let attempts = 0;
  const client = {
    $transaction: async <Result>(run: (tx: object) => Promise<Result>): Promise<Result> => {
      const result = await run({});
      attempts++;
      if (attempts === 1) throw error;
      return result;
    },
  };
  const result = await transactionPrisma(client, () => Promise.resolve("done"), { random: () => 0 }).catch(
    () => "failed",
  );
  return result === "done" ? attempts : 0;
}

test("P2034, and P2010 of a raw query with 40001, are conflicts; nothing else of Prisma's is", async () => {
  assert.equal(await attemptsUntil(prismaError("P2034")), 2);
  assert.equal(await attemptsUntil(prismaError("P2010", { code: "40001" })), 2);
  assert.equal(await attemptsUntil(prismaError("P2010", { code: "23505" })), 0);
  assert.equal(await attemptsUntil(prismaError("P2002")), 0);
});
