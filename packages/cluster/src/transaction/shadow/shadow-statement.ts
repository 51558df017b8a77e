/** A writing statement of a doomed transaction, and its answer. */
import type { Analysis } from "../../sql/index.ts";
import type { Execution } from "../exchange/execution.ts";
import type { Hold } from "../hold.ts";
import type { ExchangeResult } from "../exchange/statement-exchange.ts";
import type { ForeignKeyContext } from "./foreign-keys.ts";
import type { ShadowTable } from "./shadow-table.ts";
import type { Substitution } from "./substitution.ts";

/** A writing statement with its shadows found. */
export interface ShadowStatement {
  readonly hold: Hold;
  readonly execution: Execution;
  readonly analysis: Analysis;
  readonly substitution: Substitution;
  /** The shadow of the table it writes. */
  readonly target: ShadowTable;
  readonly keys: ForeignKeyContext;
  /** Rows that a transaction may change. */
  readonly rowsMax: number;
}

/** What a statement answered; the sink gets the frames when all is well. */
export interface ShadowAnswer {
  readonly result: ExchangeResult;
  readonly frames: readonly Buffer[];
}
