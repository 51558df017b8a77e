/** Chapter 3: one transfer. Chapter 5: one transfer, and its row in the history. */
import type { Failure as FailedAnswer } from "@dsql-local/load";
import type pg from "pg";
import { withCluster } from "./cluster.ts";
import { invokeOnce } from "./invoke.ts";
import type { HelperOptions, Outcome } from "./options.ts";
import { failed, passed } from "./verdict.ts";

const transfer = { payer_id: 1, payee_id: 2, amount: 10 } as const;

export async function testTransfer(options: HelperOptions): Promise<Outcome> {
  const { screen } = options;
  screen.write("Testing Chapter 3: Money transfer\n\n");
  const { answer } = await invokeOnce(options, transfer);
  screen.write("\n");
  if (answer.kind === "failure") return failedTransfer(options, 3, answer);
  const outcome = passed(screen, 3, { balance: answer.balance });
  screen.write(`Payer balance after transfer: ${answer.balance}\n`);
  return outcome;
}

export async function testHistory(options: HelperOptions): Promise<Outcome> {
  const { screen, environment, target } = options;
  screen.write("Testing Chapter 5: Transaction history with UUID primary keys\n\n");
  return await withCluster({ environment, region: target.region }, async (client) => {
    const rowsBefore = await countSuchTransfers(client);
    const { answer } = await invokeOnce(options, transfer);
    screen.write("\n");
    if (answer.kind === "failure") return failedTransfer(options, 5, answer);

    screen.write("✅ Transfer successful\nChecking transactions table...\n");
    const rowsAfter = await countSuchTransfers(client);
    const recent = await recentTransfers(client);
    screen.write(`Found ${recent.length} recent transactions:\n${recent.map(listed).join("")}\n`);
    if (rowsAfter <= rowsBefore) return failed(screen, 5, "the transfer is not in the history");
    return passed(screen, 5, { balance: answer.balance, transactions: recent });
  });
}

function failedTransfer(options: HelperOptions, chapter: number, { code, message }: FailedAnswer): Outcome {
  const remedy =
    code === "InsufficientBalance"
      ? `Account ${transfer.payer_id} has less than ${transfer.amount} left. Let account ${transfer.payee_id} pay some back.`
      : undefined;
  return failed(options.screen, chapter, `${message} (${code})`, remedy);
}

interface HistoryRow {
  readonly id: string;
  readonly payer_id: number;
  readonly payee_id: number;
  readonly amount: number;
  readonly time: string;
}

async function countSuchTransfers(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ count: string }>(
    "SELECT count(*) AS count FROM transactions WHERE payer_id = $1 AND payee_id = $2 AND amount = $3",
    [transfer.payer_id, transfer.payee_id, transfer.amount],
  );
  return Number(rows[0]?.count);
}

async function recentTransfers(client: pg.Client): Promise<readonly HistoryRow[]> {
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
