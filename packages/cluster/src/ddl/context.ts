/** What DDL is checked and run with. */
import type { Transaction } from "../../transaction/index.ts";
import type { Block } from "../block.ts";
import type { SessionServices } from "../services.ts";
import type { CheckContext } from "./before.ts";

export interface DdlContext {
  readonly services: SessionServices;
  readonly role: string;
  readonly block: Block;
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
