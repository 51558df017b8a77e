/**
 * What every chapter that takes transfers promises, whatever it is sent and however many send at once: a transfer that
 * cannot be made is refused with a code and changes nothing; no balance falls below zero; no money appears or is lost.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type pg from "pg";
import { openTutorialDatabase } from "./database.ts";
import { DeployedFunction } from "./deployed-function.ts";
import type { Outcome } from "./execution-environment.ts";
import { type LocalStack, startLocalStack } from "./local-stack.ts";

const accounts = 5;
const openingBalance = 100;

interface Response {
  readonly balance?: number;
  readonly error?: string;
  readonly errorCode?: string;
  readonly retries?: number;
}

let stack: LocalStack;
let environment: NodeJS.ProcessEnv;
let admin: pg.Client;

before(async () => {
  stack = await startLocalStack();
  environment = await stack.environment();
  admin = await openTutorialDatabase(stack, environment);
});

after(async () => {
  await admin?.end();
  await stack?.stop();
});

async function openAccounts(): Promise<void> {
  await admin.query("DELETE FROM transactions");
  await admin.query("DELETE FROM accounts");
  await admin.query(
    `INSERT INTO accounts SELECT id, ${openingBalance} FROM generate_series(1, ${accounts}) AS id`,
  );
}

interface Books {
  readonly total: number;
  readonly least: number;
  readonly transfers: number;
}

async function readBooks(): Promise<Books> {
  const { rows } = await admin.query<Record<keyof Books, string>>(
    "SELECT sum(balance) AS total, min(balance) AS least, (SELECT count(*) FROM transactions) AS transfers FROM accounts",
  );
  const { total, least, transfers } = rows[0]!;
  return { total: Number(total), least: Number(least), transfers: Number(transfers) };
}

/** What somebody may send, and the code that says why it cannot be done. */
const refused: readonly (readonly [string, unknown, string])[] = [
  ["an unknown payer", { payer_id: 4711, payee_id: 2, amount: 1 }, "AccountNotFound"],
  ["an unknown payee", { payer_id: 1, payee_id: 4711, amount: 1 }, "AccountNotFound"],
  ["more than the payer has", { payer_id: 1, payee_id: 2, amount: 101 }, "InsufficientBalance"],
  [
    "the greatest amount that fits",
    { payer_id: 1, payee_id: 2, amount: 2_147_483_647 },
    "InsufficientBalance",
  ],
  ["a huge amount", { payer_id: 1, payee_id: 2, amount: 2_147_483_648 }, "InvalidRequest"],
  ["an amount beyond counting", { payer_id: 1, payee_id: 2, amount: 1e300 }, "InvalidRequest"],
  ["a negative amount", { payer_id: 1, payee_id: 2, amount: -1 }, "InvalidRequest"],
  ["an amount of zero", { payer_id: 1, payee_id: 2, amount: 0 }, "InvalidRequest"],
  ["a fractional amount", { payer_id: 1, payee_id: 2, amount: 0.5 }, "InvalidRequest"],
  ["an amount as text", { payer_id: 1, payee_id: 2, amount: "1" }, "InvalidRequest"],
  ["a payer who is the payee", { payer_id: 1, payee_id: 1, amount: 1 }, "InvalidRequest"],
  ["no payer", { payee_id: 2, amount: 1 }, "InvalidRequest"],
  ["no amount", { payer_id: 1, payee_id: 2 }, "InvalidRequest"],
  ["SQL for a payer", { payer_id: "1 OR true", payee_id: 2, amount: 1 }, "InvalidRequest"],
  ["nothing", null, "InvalidRequest"],
  ["a list", [1, 2, 1], "InvalidRequest"],
  ["a text", "1,2,1", "InvalidRequest"],
];

const contention = { environments: 8, transfers: 160 } as const;

for (const chapter of ["ch03", "ch04", "ch05", "ch06", "ch06-one-statement", "ch06-pipelined"] as const) {
  describe(chapter, () => {
    let deployed: DeployedFunction;
    before(async () => {
      const { environments } = contention;
      deployed = await DeployedFunction.of(chapter, { folder: stack.folder, environment, environments });
    });
    after(async () => await deployed?.stop());

    test("refuses with a code what cannot be done, and changes nothing", async () => {
      await openAccounts();
      for (const [what, event, code] of refused) {
        const { response, thrown } = await deployed.invoke(event);
        assert.equal(thrown, undefined, what);
        const { error, errorCode, balance } = response as Response;
        assert.deepEqual({ errorCode, balance }, { errorCode: code, balance: undefined }, what);
        assert.match(error ?? "", /^\w.{10,}/, what);
      }
      const { rows } = await admin.query("SELECT id FROM accounts WHERE balance <> 100");
      assert.deepEqual(rows, []);
      assert.equal((await readBooks()).transfers, 0);
    });

    test("keeps all money, and every balance above zero, while many pay more than they have", async (t) => {
      await openAccounts();
      let isOver = false;
      const watched = watchBooks(() => isOver);
      const outcomes = await Promise.all(
        Array.from({ length: contention.transfers }, (_, index) => deployed.invoke(contended(index))),
      );
      isOver = true;
      assert.ok((await watched) > 0);

      const codes = outcomes.map(codeOf);
      t.diagnostic(JSON.stringify(counted(codes)));
      const allowed = ["balance", "InsufficientBalance", ...(chapter === "ch03" ? ["40001"] : [])];
      assert.deepEqual(
        codes.filter((code) => !allowed.includes(code)),
        [],
      );
      const successes = codes.filter((code) => code === "balance").length;
      assert.ok(successes > 0 && codes.includes("InsufficientBalance"));
      const { total, least, transfers } = await readBooks();
      assert.equal(total, accounts * openingBalance);
      assert.ok(least >= 0);
      if (chapter >= "ch05") assert.equal(transfers, successes);
    });
  });
}

/** Three accounts in a ring, with amounts that soon exceed what one of them holds. */
function contended(index: number): object {
  return { payer_id: 1 + (index % 3), payee_id: 1 + ((index + 1) % 3), amount: 20 + ((index * 7) % 90) };
}

/** Looks at the books as often as it can: also between two transfers they must be right. @returns how often it looked */
async function watchBooks(isOver: () => boolean): Promise<number> {
  let looks = 0;
  do {
    const { total, least } = await readBooks();
    assert.equal(total, accounts * openingBalance);
    assert.ok(least >= 0, `a balance is ${least}`);
    looks++;
  } while (!isOver());
  return looks;
}

function codeOf({ response, thrown }: Outcome): string {
  return thrown ?? (response as Response).errorCode ?? "balance";
}

function counted(codes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const code of codes) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}
