/** What sessions share. */
import type { VerifiedToken } from "../auth/index.ts";
import type { Clock, LimitValues, Log, MemoryBudget } from "../base/index.ts";
import type { Jobs } from "../jobs/index.ts";
import type { SqlParser } from "../sql/index.ts";
import type { Coordinator } from "../transaction/index.ts";

export interface SessionServices {
  readonly parser: SqlParser;
  readonly coordinator: Coordinator;
  readonly jobs: Jobs;
  readonly limits: LimitValues;
  readonly clock: Clock;
  readonly log: Log;
  /** What all sessions together keep for their clients. */
  readonly memory: MemoryBudget;
  /** @throws {SqlError} the token is refused */
  readonly verifyToken: (token: string, user: string) => VerifiedToken;
}
