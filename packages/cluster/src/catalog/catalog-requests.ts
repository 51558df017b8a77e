/**
 * Questions to PostgreSQL's catalog, on a connection that nothing else waits for.
 *
 * To print an expression PostgreSQL locks the table that it is about, and waits where a change of that table waits for a
 * transaction: for as long as that one runs. So each attempt is short, others are let through in between, and who asks is told in
 * the end what it is waiting for.
 *
 * Tests: test/attack/system-never-waits.test.ts.
 */
import { errors } from "@dsql-local/spec";
import { type Clock, SqlError } from "../base/index.ts";
import { PostgresError, type Requester, type RequestResult } from "../backend/index.ts";

/** Of one attempt, as PostgreSQL takes it. */
export const catalogLockTimeout = "100ms";
const pauseMs = 50;
/** Of all attempts for one question. */
const attemptsMsMax = 5_000;

export class CatalogRequests implements Requester {
  readonly #clock: Clock;
  readonly #connection: Requester;

  /** @param connection - whose statements wait for locks for `catalogLockTimeout` at most */
  constructor(clock: Clock, connection: Requester) {
    this.#clock = clock;
    this.#connection = connection;
  }

  /** @throws {SqlError} 40001 (OC001) the table is being changed, and the change does not come to its end */
  async request(text: string, values: readonly (string | null)[] = []): Promise<RequestResult> {
    const untilMs = this.#clock.monotonicMs() + attemptsMsMax;
    for (;;) {
      try {
        return await this.#connection.request(text, values);
      } catch (error) {
        if (!(error instanceof PostgresError) || error.sqlstate !== lockNotAvailable) throw error;
        if (this.#clock.monotonicMs() >= untilMs) throw SqlError.of(errors.schemaConflict);
        await new Promise<void>((resolve) => this.#clock.setTimer(pauseMs, resolve));
      }
    }
  }
}

const lockNotAvailable = "55P03";
