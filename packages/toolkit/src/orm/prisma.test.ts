import assert from "node:assert/strict";
import { test } from "node:test";
import { OutcomeUnknownError } from "../errors.ts";
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

/** As @prisma/adapter-pg 7 throws them, and the client hands them on, when COMMIT fails. */
const adapterError = (kind: string, payload: object = {}): Error =>
  Object.assign(new Error(kind, { cause: { kind, ...payload } }), { name: "DriverAdapterError" });

test("what a driver adapter reports at COMMIT is a conflict", async () => {
  const lost = adapterError("TransactionWriteConflict", {
    originalCode: "40001",
    originalMessage: "change conflicts with another transaction (OC000)",
  });
  assert.equal(await attemptsUntil(lost), 2);
  assert.equal(await attemptsUntil(adapterError("UniqueConstraintViolation", { originalCode: "23505" })), 0);
});

test("a connection that breaks during COMMIT is an unknown outcome", async () => {
  const client = {
    $transaction: async <Result>(run: (tx: object) => Promise<Result>): Promise<Result> => {
      await run({});
      throw adapterError("ConnectionClosed");
    },
  };
  await assert.rejects(
    transactionPrisma(client, () => Promise.resolve("done")),
    OutcomeUnknownError,
  );
});
