/** Chapter 3: one transfer. Chapter 5: one transfer, and its row in the history. */
import type { Answer } from "@dsql-local/load";
import type pg from "pg";
import { withCluster } from "./cluster.ts";
import { invokeOnce } from "./invoke.ts";
import { missingTable } from "./missing-table.ts";
import type { HelperOptions, Outcome } from "./options.ts";
import { failed, failedAnswer, passed } from "./verdict.ts";

interface Transfer {
  readonly payer_id: number;
  readonly payee_id: number;
  readonly amount: number;
}

/** The talk's transfer, and its way back: account 1 is empty after ten tests. */
const transfers: readonly [Transfer, Transfer] = [
  { payer_id: 1, payee_id: 2, amount: 10 },
  { payer_id: 2, payee_id: 1, amount: 10 },
];

interface Made {
  readonly transfer: Transfer;
  readonly answer: Answer;
}

/** Makes the transfer, and where the payer has nothing left, the one back: a test that can be run any number of times. */
async function makeTransfer(options: HelperOptions): Promise<Made> {
  const [there, back] = transfers;
  const { answer } = await invokeOnce(options, there);
  options.screen.write("\n");
  if (answer.kind === "success" || answer.code !== "InsufficientBalance") return { transfer: there, answer };
  options.screen.write(`Account ${there.payer_id} has less than ${there.amount} left: `);
  options.screen.write(`account ${back.payer_id} pays back.\n\n`);
  const returned = await invokeOnce(options, back);
  options.screen.write("\n");
  return { transfer: back, answer: returned.answer };
}

export async function testTransfer(options: HelperOptions): Promise<Outcome> {
  const { screen } = options;
  screen.write("Testing Chapter 3: Money transfer\n\n");
  const { answer } = await makeTransfer(options);
  if (answer.kind === "failure") return failedAnswer(screen, 3, answer);
  const outcome = passed(screen, 3, { balance: answer.balance });
  screen.write(`Payer balance after transfer: ${answer.balance}\n`);
  return outcome;
}

export async function testHistory(options: HelperOptions): Promise<Outcome> {
  const { screen, environment } = options;
  screen.write("Testing Chapter 5: Transaction history with UUID primary keys\n\n");
  return await withCluster(environment, async (client) => {
    const [thereBefore, backBefore] = await countSuchTransfers(client);
    const { transfer, answer } = await makeTransfer(options);
    if (answer.kind === "failure") return failedAnswer(screen, 5, answer);

    screen.write("✅ Transfer successful\nChecking transactions table...\n");
    const [thereAfter, backAfter] = await countSuchTransfers(client);
    const recent = await recentTransfers(client);
    screen.write(`Found ${recent.length} recent transactions:\n${recent.map(listed).join("")}\n`);
    const isThere = transfer === transfers[0] ? thereAfter > thereBefore : backAfter > backBefore;
    if (!isThere) return failed(screen, 5, "the transfer is not in the history");
    return passed(screen, 5, { balance: answer.balance, transactions: recent });
  });
}

interface HistoryRow {
  readonly id: string;
  readonly payer_id: number;
  readonly payee_id: number;
  readonly amount: number;
  readonly time: string;
}

/** @returns how many rows each of the two has */
async function countSuchTransfers(client: pg.ClientBase): Promise<[number, number]> {
  const count = async ({ payer_id, payee_id, amount }: Transfer): Promise<number> => {
    const { rows } = await client
      .query<{ count: string }>(
        "SELECT count(*) AS count FROM transactions WHERE payer_id = $1 AND payee_id = $2 AND amount = $3",
        [payer_id, payee_id, amount],
      )
      .catch(missingTable);
    return Number(rows[0]?.count);
  };
  return [await count(transfers[0]), await count(transfers[1])];
}

async function recentTransfers(client: pg.ClientBase): Promise<readonly HistoryRow[]> {
  const { rows } = await client.query<HistoryRow>(
    `SELECT id, payer_id, payee_id, amount, to_char(created_at, 'YYYY-MM-DD HH24:MI:SS.MS') AS time
     FROM transactions
     ORDER BY created_at DESC
     LIMIT 5`,
  );
  return rows;
}

function listed(row: HistoryRow, index: number): string {
  const { id, payer_id, payee_id, amount, time } = row;
  return `  ${index + 1}. ID: ${id}, Payer: ${payer_id}, Payee: ${payee_id}, Amount: ${amount}, Time: ${time}\n`;
}
