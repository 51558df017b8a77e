/** One SQL session of the console: a client's like any other, whose statements are sent when a person says so. */
import type { Cluster } from "@dsql-local/cluster";
import { splitStatements } from "@dsql-local/sql";
import { sqlstateOf } from "dsql-toolkit";
import { BoundedQuery, type BoundedResult } from "dsql-toolkit/ad-hoc";
import pg from "pg";

/** Rows and bytes of a result; there are more where `isTruncated` says so. */
const bounds = { rowsMax: 500, bytesMax: 1024 * 1024 };
/** Statements of one text. */
const statementsMax = 50;

export type TransactionState = "idle" | "open" | "failed" | "closed";

export interface SqlSessionState {
  readonly id: number;
  readonly role: string;
  readonly name: string;
  /** As events and `pg_stat_activity` number it. */
  readonly sessionId: number;
  readonly transaction: TransactionState;
  readonly isBusy: boolean;
}

export interface StatementError {
  readonly sqlstate: string | undefined;
  readonly message: string;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
}

/** What became of one statement. */
export interface StatementOutcome {
  readonly sql: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly result?: BoundedResult;
  readonly error?: StatementError;
}

export class SqlSession {
  readonly #id: number;
  readonly #role: string;
  readonly #name: string;
  readonly #client: pg.Client;
  #isBusy = false;
  #isClosed = false;
  lastUsedMs = Date.now();

  /** @throws {DatabaseError} the role may not connect, or there is none */
  static async open(
    cluster: Cluster,
    options: { id: number; role: string; name: string },
  ): Promise<SqlSession> {
    const client = new pg.Client({
      ...cluster.connection({ user: options.role }),
      application_name: options.name,
    });
    const session = new SqlSession(client, options);
    await client.connect();
    return session;
  }

  private constructor(client: pg.Client, { id, role, name }: { id: number; role: string; name: string }) {
    this.#client = client;
    this.#id = id;
    this.#role = role;
    this.#name = name;
    // Told with the next statement.
    client.on("error", () => (this.#isClosed = true));
    client.on("end", () => (this.#isClosed = true));
  }

  get state(): SqlSessionState {
    const { processID } = this.#client as unknown as { processID: number | null };
    return {
      id: this.#id,
      role: this.#role,
      name: this.#name,
      sessionId: processID ?? 0,
      transaction: this.#transaction,
      isBusy: this.#isBusy,
    };
  }

  get #transaction(): TransactionState {
    if (this.#isClosed) return "closed";
    const states: Readonly<Record<string, TransactionState>> = { I: "idle", T: "open", E: "failed" };
    return states[this.#client.getTransactionStatus() ?? "I"] ?? "idle";
  }

  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Runs the statements of a text in order, up to the first that fails. The caller sees to it that none is under way. */
  async run(text: string): Promise<readonly StatementOutcome[]> {
    const outcomes: StatementOutcome[] = [];
    this.#isBusy = true;
    try {
      for (const { text: sql } of splitStatements(text).slice(0, statementsMax)) {
        const outcome = await this.#runOne(sql);
        outcomes.push(outcome);
        if (outcome.error !== undefined) break;
      }
    } finally {
      this.#isBusy = false;
      this.lastUsedMs = Date.now();
    }
    return outcomes;
  }

  /** Ends it, and what it has under way: Aurora DSQL stops a statement for nothing less. */
  close(): void {
    this.#isClosed = true;
    void this.#client.end().catch(() => undefined);
    if (this.#isBusy)
      (
        this.#client as unknown as { connection: { stream: { destroy(): void } } }
      ).connection.stream.destroy();
  }

  async #runOne(sql: string): Promise<StatementOutcome> {
    const startedAtMs = Date.now();
    const told = (outcome: { result: BoundedResult } | { error: StatementError }): StatementOutcome => ({
      sql,
      startedAtMs,
      endedAtMs: Date.now(),
      ...outcome,
    });
    try {
      return told({ result: await new BoundedQuery(sql, [], bounds).runOn(this.#client) });
    } catch (error) {
      await this.#ready();
      return told({ error: errorOf(error) });
    }
  }

  /** `pg` tells an error as it comes; whether the transaction goes on is told with ReadyForQuery, a moment later. */
  async #ready(): Promise<void> {
    const { readyForQuery } = this.#client as unknown as { readyForQuery: boolean };
    if (readyForQuery || this.#isClosed) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#client.off("drain", done).off("end", done);
        resolve();
      };
      this.#client.on("drain", done).on("end", done);
    });
  }
}

export function errorOf(error: unknown): StatementError {
  const { message, detail, hint } = error as Error & { detail?: string; hint?: string };
  return { sqlstate: sqlstateOf(error), message, detail, hint };
}
