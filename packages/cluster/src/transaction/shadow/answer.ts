/**
 * Runs a statement of a doomed transaction in its rewritten form, and takes its result apart: the first columns are
 * the shadow's own, the others are the client's.
 */
import { unkept } from "../../backend/index.ts";
import {
  backendType,
  decodeBindArguments,
  decodeDataRow,
  encodeBackend,
  encodeBindArguments,
  encodeFrontend,
  joinRowDescription,
  splitRowDescription,
} from "../../wire/index.ts";
import { errors } from "@dsql-local/spec";
import { SqlError } from "../../base/index.ts";
import type { Execution } from "../exchange/execution.ts";
import { InnerSink } from "../exchange/sinks.ts";
import { shadowBytesMax } from "./shadow-table.ts";
import type { Hold } from "../hold.ts";
import { describeParameters } from "../exchange/describe.ts";
import { type ExchangeResult, StatementExchange } from "../exchange/statement-exchange.ts";

/** A rewritten statement. */
export interface Rewritten {
  readonly text: string;
  /** Columns in front of the client's. */
  readonly ownColumns: number;
  /** The client asked for rows of its own. */
  readonly hasRows: boolean;
}

export interface Answer {
  readonly result: ExchangeResult;
  /** The shadow's own columns of each row. */
  readonly own: readonly (readonly (string | null)[])[];
  /** How many rows there are, also where not all are kept. */
  readonly rows: number;
  /** The client's frames, to go out when all is well. */
  readonly frames: readonly Buffer[];
}

/**
 * @param rowsMax - rows that a transaction may change: beyond that they are only counted, since the statement is going to fail
 * @throws {SqlError} 40001 the answer is larger than is kept for a transaction that has lost
 */
export async function answer(
  hold: Hold,
  execution: Execution,
  rewritten: Rewritten,
  rowsMax = Infinity,
): Promise<Answer> {
  const { backend } = hold.lease;
  // In its new place a parameter may be taken for another type, so the types of the original are declared.
  const parameterTypes = await hold.watched(() => describeParameters(backend, execution.prepared));
  const { formats, values, resultFormats } = decodeBindArguments(execution.bindArguments);
  const perColumn =
    resultFormats.length > 1
      ? [...Array.from({ length: rewritten.ownColumns }, () => 0), ...resultFormats]
      : resultFormats;
  const kept = new KeptRows(rewritten, rowsMax);
  const frames: Buffer[] = [];
  const exchange = new StatementExchange(backend, unkept(rewritten.text, parameterTypes), {
    sink: new InnerSink({ frames }),
    transform: (type, frame) => kept.take(type, frame),
  });
  const bytes = Buffer.concat([
    encodeFrontend.parse("", rewritten.text, parameterTypes),
    encodeFrontend.bind("", "", encodeBindArguments(formats, values, perColumn)),
    ...(execution.describe ? [encodeFrontend.describe("portal", "")] : []),
    encodeFrontend.execute("", 0),
    encodeFrontend.sync(),
  ]);
  backend.send(bytes, exchange);
  const result = await hold.watched(() => exchange.result);
  if (kept.isTooLarge && result.kind === "complete") throw SqlError.of(errors.dataConflict);
  return { result, own: kept.own, rows: kept.rows, frames };
}

/** Takes the answer apart, and keeps no more of it than there is room for. */
class KeptRows {
  readonly own: (string | null)[][] = [];
  rows = 0;
  readonly #rewritten: Rewritten;
  readonly #rowsMax: number;
  #bytes = 0;

  constructor(rewritten: Rewritten, rowsMax: number) {
    this.#rewritten = rewritten;
    this.#rowsMax = rowsMax;
  }

  get isTooLarge(): boolean {
    return this.#bytes > shadowBytesMax;
  }

  take(type: number, frame: Buffer): Buffer | undefined {
    const { ownColumns, hasRows } = this.#rewritten;
    if (type === backendType.rowDescription) {
      if (!hasRows) return encodeBackend.noData();
      return joinRowDescription(splitRowDescription(frame).slice(ownColumns));
    }
    if (type !== backendType.dataRow) return frame;
    this.rows += 1;
    this.#bytes += frame.length;
    if (this.rows > this.#rowsMax || this.isTooLarge) return undefined;
    const values = decodeDataRow(frame);
    this.own.push(values.slice(0, ownColumns).map((value) => value?.toString("utf8") ?? null));
    return hasRows ? encodeBackend.dataRow(values.slice(ownColumns)) : undefined;
  }
}
