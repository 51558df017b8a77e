/**
 * Result columns that a statement is sent with beyond the client's own: they are taken off the answer on its way to the
 * client, and given to whoever asked for them.
 */
import {
  backendType,
  bodyOf,
  decodeDataRow,
  encodeBackend,
  joinRowDescription,
  splitRowDescription,
} from "../../wire/index.ts";

export interface AddedColumns {
  /** How many, at the end of each row. */
  readonly count: number;
  /** The client asked for rows of its own; otherwise it hears of none. */
  readonly hasRows: boolean;
  /** Gets the added values of each row. */
  readonly take: (values: readonly (Buffer | null)[]) => void;
}

/** As `ExchangeOptions.transform`. */
export function withoutAdded(added: AddedColumns): (type: number, frame: Buffer) => Buffer | undefined {
  return (type, frame) => {
    if (type === backendType.rowDescription) {
      if (!added.hasRows) return encodeBackend.noData();
      return joinRowDescription(splitRowDescription(frame).slice(0, -added.count));
    }
    if (type !== backendType.dataRow) return frame;
    const values = decodeDataRow(frame).slice(-added.count);
    added.take(values);
    return added.hasRows ? withoutLast(frame, values) : undefined;
  };
}

function withoutLast(frame: Buffer, values: readonly (Buffer | null)[]): Buffer {
  const bytes = values.reduce((sum, value) => sum + 4 + (value?.length ?? 0), 0);
  const shorter = Buffer.from(frame.subarray(0, frame.length - bytes));
  shorter.writeInt32BE(shorter.length - 1, 1);
  shorter.writeUInt16BE(bodyOf(frame).readUInt16BE(0) - values.length, 5);
  return shorter;
}
