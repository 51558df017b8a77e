/** What DDL is checked and run with. */
import type { Settings } from "../backend/index.ts";
import type { LimitValues } from "../base/index.ts";
import type { Jobs } from "../jobs/index.ts";
import type { SqlParser } from "../sql/index.ts";
import type { Coordinator, Transaction } from "../transaction/index.ts";
import type { CheckContext } from "./before.ts";

export interface DdlServices {
  readonly parser: SqlParser;
  readonly coordinator: Coordinator;
  readonly jobs: Jobs;
  readonly limits: LimitValues;
}

/** The transaction block of the session that sends the statement. */
export interface DdlBlock {
  /** With what is local to the open transaction. */
  readonly settingsInForce: Settings;
  /** The transaction that a statement belongs to; opened for it where there is none. */
  enter(): Transaction;
  /** Has something done when the open transaction is committed, has failed or is rolled back. */
  whenOver(run: () => void): void;
}

export interface DdlContext {
  readonly services: DdlServices;
  readonly role: string;
  readonly block: DdlBlock;
}

/** Asks within the statement's own transaction: it sees what the statement has done. */
export function checkContext({ services, role, block }: DdlContext, transaction: Transaction): CheckContext {
  const { limits, parser } = services;
  return {
    ask: (text, values) => transaction.request(text, values),
    searchPath: block.settingsInForce.searchPath(role),
    limits,
    parser,
  };
}
