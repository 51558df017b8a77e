/**
 * One statement at a time over many open transactions: every answer and every verdict of a COMMIT must be the model's.
 *
 * The same seed gives the same history, because nothing here depends on time: the plan is made first, and each answer is
 * awaited before the next step.
 */
import { type ModelTransaction, ServerChosen, SnapshotModel } from "./checkers/snapshot-model.ts";
import type { Answer, DatabaseSession, OpenSession } from "./database.ts";
import { seededRandom } from "./seeded-random.ts";
import { type Action, makePlan, type Plan } from "./workloads/plan.ts";
import { type Expected, type ExpectedValue, initialRows, setup } from "./workloads/rows.ts";

export interface RowsOptions {
  readonly seed: number;
  readonly sessions: number;
  readonly steps: number;
}

export interface Outcome {
  /** What was not as the model says; absent when all was. */
  readonly problem?: string;
  /** The step of the plan that it came to light with. */
  readonly failedAt?: number;
  /** What was sent and answered, one line a step. */
  readonly history: readonly string[];
  /** All that ended, also those that were refused or rolled back. */
  readonly transactions: number;
  readonly committed: number;
  readonly conflicted: number;
}

interface Block {
  /** Absent until the block's first statement takes the snapshot. */
  transaction?: ModelTransaction;
  hasFailed: boolean;
}

interface SimulatedSession {
  readonly name: string;
  database: DatabaseSession;
  block?: Block;
}

const failedBlock: Expected = { sqlstate: "25P02" };
const tagOf = (command: string): Expected => ({ command, rowCount: 0, rows: [] });

export const planRows = ({ seed, sessions, steps }: RowsOptions): Plan =>
  makePlan(seededRandom(seed), sessions, steps);

/** Plays a plan up to the first answer that is not the model's. */
export async function playRows(open: OpenSession, plan: Plan): Promise<Outcome> {
  const play = new Play(open);
  try {
    await play.prepare(new Set(plan.map(({ session }) => session)));
    return { ...(await play.run(plan)), ...play.summary() };
  } finally {
    play.end();
  }
}

class Play {
  readonly #open: OpenSession;
  readonly #model = new SnapshotModel(initialRows());
  readonly #sessions = new Map<number, SimulatedSession>();
  readonly #history: string[] = [];
  #ended = 0;
  #committed = 0;
  #conflicted = 0;

  constructor(open: OpenSession) {
    this.#open = open;
  }

  async prepare(sessions: ReadonlySet<number>): Promise<void> {
    const keeper = await this.#open();
    const drops = ["plain", "keyed", "random"].map((table) => `DROP TABLE IF EXISTS ${table}`);
    for (const sql of [...drops, ...setup]) {
      const { error } = await keeper.run(sql);
      if (error !== undefined) throw new Error(`${error.message}, from: ${sql}`);
    }
    await keeper.close();
    for (const session of sessions) {
      this.#sessions.set(session, { name: `S${session + 1}`, database: await this.#open() });
    }
  }

  /** @returns the first difference from the model */
  async run(plan: Plan): Promise<{ problem?: string; failedAt?: number }> {
    for (const [index, action] of plan.entries()) {
      const problem = await this.#act(action).catch((error: unknown) => (error as Error).message);
      if (problem !== undefined) return { problem: `step ${index + 1}: ${problem}`, failedAt: index };
    }
    return {};
  }

  summary(): Pick<Outcome, "history" | "transactions" | "committed" | "conflicted"> {
    return {
      history: this.#history,
      transactions: this.#ended,
      committed: this.#committed,
      conflicted: this.#conflicted,
    };
  }

  end(): void {
    for (const { database } of this.#sessions.values()) database.vanish();
  }

  async #act(action: Action): Promise<string | undefined> {
    const session = this.#sessions.get(action.session);
    if (session === undefined) throw new Error(`session ${action.session} was not prepared`);
    const { block } = session;
    switch (action.kind) {
      case "begin":
        return block === undefined ? this.#begin(session) : undefined;
      case "commit":
        return block === undefined ? undefined : this.#commit(session, block);
      case "rollback":
        return block === undefined ? undefined : this.#rollback(session);
      case "vanish":
        await this.#vanish(session);
        return undefined;
      case "statement":
        return block === undefined ? this.#alone(session, action) : this.#withinBlock(session, block, action);
    }
  }

  #begin(session: SimulatedSession): Promise<string | undefined> {
    session.block = { hasFailed: false };
    return this.#ask(session, "BEGIN", tagOf("BEGIN"));
  }

  #alone(session: SimulatedSession, action: Action & { kind: "statement" }): Promise<string | undefined> {
    this.#ended += 1;
    const transaction = this.#model.begin();
    const expected = action.statement.apply(transaction);
    if (!("sqlstate" in expected)) this.#model.commit(transaction);
    return this.#askStatement(session, action, expected);
  }

  #withinBlock(
    session: SimulatedSession,
    block: Block,
    action: Action & { kind: "statement" },
  ): Promise<string | undefined> {
    if (block.hasFailed) return this.#askStatement(session, action, failedBlock);
    block.transaction ??= this.#model.begin();
    const expected = action.statement.apply(block.transaction);
    if ("sqlstate" in expected) block.hasFailed = true;
    return this.#askStatement(session, action, expected);
  }

  async #commit(session: SimulatedSession, block: Block): Promise<string | undefined> {
    delete session.block;
    this.#ended += 1;
    if (block.hasFailed) return this.#ask(session, "COMMIT", tagOf("ROLLBACK"));
    const transaction = block.transaction ?? this.#model.begin();
    const verdict = this.#model.verdict(transaction);
    const answer = await session.database.run("COMMIT");
    this.#note(session, `COMMIT (the model: ${verdict})`, answer);
    const isConflict = answer.error?.sqlstate === "40001" && answer.error.message.includes("(OC000)");
    if (verdict !== "commits" && isConflict) {
      this.#conflicted += 1;
      return undefined;
    }
    if (verdict !== "conflicts" && answer.error === undefined && answer.command === "COMMIT") {
      this.#committed += 1;
      this.#model.commit(transaction);
      return undefined;
    }
    return `${session.name} COMMIT: the model says "${verdict}", the cluster answered ${show(answer)}`;
  }

  #rollback(session: SimulatedSession): Promise<string | undefined> {
    delete session.block;
    this.#ended += 1;
    return this.#ask(session, "ROLLBACK", tagOf("ROLLBACK"));
  }

  /** The client leaves, perhaps in the middle of its block, and another takes its place. */
  async #vanish(session: SimulatedSession): Promise<void> {
    delete session.block;
    session.database.vanish();
    this.#history.push(`${session.name} vanishes and connects again`);
    session.database = await this.#open();
  }

  #askStatement(
    session: SimulatedSession,
    { statement: { sql, values }, hasParameters }: Action & { kind: "statement" },
    expected: Expected,
  ): Promise<string | undefined> {
    if (hasParameters) return this.#ask(session, sql, expected, values);
    const text = sql.replace(/\$(\d)/g, (_, index: string) => String(values[Number(index) - 1]));
    return this.#ask(session, text, expected);
  }

  async #ask(
    session: SimulatedSession,
    sql: string,
    expected: Expected,
    values?: readonly number[],
  ): Promise<string | undefined> {
    const line = `${sql.replaceAll(/\s+/g, " ")}${values === undefined ? "" : ` [${values.join(", ")}]`}`;
    const at = this.#history.push(`${session.name} ${line}: no answer`) - 1;
    const answer = await session.database.run(sql, values);
    this.#history.splice(at, 1);
    this.#note(session, line, answer);
    if (isAsExpected(expected, answer)) return undefined;
    return `${session.name} ${line}\n  expected ${showExpected(expected)}\n  got      ${show(answer)}`;
  }

  #note(session: SimulatedSession, line: string, answer: Answer): void {
    this.#history.push(`${session.name} ${line}: ${show(answer)}`);
  }
}

function isAsExpected(expected: Expected, answer: Answer): boolean {
  if ("sqlstate" in expected) return answer.error?.sqlstate === expected.sqlstate;
  if (answer.error !== undefined || answer.command !== expected.command) return false;
  if (expected.command === "BEGIN" || expected.command === "ROLLBACK") return true;
  if (answer.rowCount !== expected.rowCount || answer.rows.length !== expected.rows.length) return false;
  // RETURNING promises no order; every row begins with its id, or is alone.
  const rows = answer.rows.toSorted((left, right) => Number(left[0]) - Number(right[0]));
  return expected.rows.every((row, index) =>
    row.every((value, column) => {
      const seen = rows[index]?.[column] ?? null;
      if (value instanceof ServerChosen) return value.matches(seen);
      return value === null ? seen === null : seen === String(value);
    }),
  );
}

const show = ({ error, command, rowCount, rows }: Answer): string =>
  error !== undefined ? `${error.sqlstate} ${error.message}` : showRows(command, rowCount, rows);

const showExpected = (expected: Expected): string =>
  "sqlstate" in expected ? expected.sqlstate : showRows(expected.command, expected.rowCount, expected.rows);

const showRows = (command: string, rowCount: number, rows: readonly (readonly ExpectedValue[])[]): string =>
  `${command} ${rowCount}${rows.map((row) => ` (${row.map((value) => String(value ?? "null")).join(", ")})`).join("")}`;
