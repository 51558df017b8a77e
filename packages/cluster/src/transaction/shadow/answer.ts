/**
 * Runs a statement of a doomed transaction in its rewritten form, and takes its result apart: the first columns are
 * the shadow's own, the others are the client's.
 */
import { unkept } from "../backend/prepared-cache.ts";
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
import type { Execution } from "../exchange/execution.ts";
import { InnerSink } from "../exchange/sinks.ts";
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
  /** The client's frames, to go out when all is well. */
  readonly frames: readonly Buffer[];
}

export async function answer(hold: Hold, execution: Execution, rewritten: Rewritten): Promise<Answer> {
  const { backend } = hold.lease;
  // In its new place a parameter may be taken for another type, so the types of the original are declared.
  const parameterTypes = await hold.watched(() => describeParameters(backend, execution.prepared));
  const { formats, values, resultFormats } = decodeBindArguments(execution.bindArguments);
  const perColumn =
    resultFormats.length > 1
      ? [...Array.from({ length: rewritten.ownColumns }, () => 0), ...resultFormats]
      : resultFormats;
  const own: (string | null)[][] = [];
  const frames: Buffer[] = [];
  const exchange = new StatementExchange(backend, unkept(rewritten.text, parameterTypes), {
    hold: false,
    sink: new InnerSink({ frames }),
    transform: (type, frame) => split(type, frame, rewritten, own),
  });
  const bytes = Buffer.concat([
    encodeFrontend.parse("", rewritten.text, parameterTypes),
    encodeFrontend.bind("", "", encodeBindArguments(formats, values, perColumn)),
    ...(execution.describe ? [encodeFrontend.describe("portal", "")] : []),
    encodeFrontend.execute("", 0),
    encodeFrontend.sync(),
  ]);
  backend.send(bytes, exchange);
  return { result: await hold.watched(() => exchange.result), own, frames };
}

function split(
  type: number,
  frame: Buffer,
  rewritten: Rewritten,
  own: (string | null)[][],
): Buffer | undefined {
  if (type === backendType.rowDescription) {
    if (!rewritten.hasRows) return encodeBackend.noData();
    return joinRowDescription(splitRowDescription(frame).slice(rewritten.ownColumns));
  }
  if (type !== backendType.dataRow) return frame;
  const values = decodeDataRow(frame);
  own.push(values.slice(0, rewritten.ownColumns).map((value) => value?.toString("utf8") ?? null));
  return rewritten.hasRows ? encodeBackend.dataRow(values.slice(rewritten.ownColumns)) : undefined;
}
