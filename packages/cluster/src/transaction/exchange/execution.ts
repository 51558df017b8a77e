/**
 * One statement on its way through a transaction, and where its answer goes.
 */
import type { Statement } from "../../sql/index.ts";
import type { PreparedText } from "../../backend/index.ts";

export interface Execution {
  readonly statement: Statement;
  /** The text as PostgreSQL gets it, interned. */
  readonly prepared: PreparedText;
  /** Formats, values and result formats, as in a Bind message. */
  readonly bindArguments: Buffer;
  /** The client wants to hear of the columns. */
  readonly describe: boolean;
  /** Rows to answer before the portal is suspended; 0: all. */
  readonly rowsMax: number;
  /** Name of the client's portal; empty for the unnamed one. */
  readonly portal: string;
  /** Rows of this portal that the client has already received. */
  readonly rowsSent: number;
}

/** Takes the answer of a statement, frame by frame, as the client shall see it. */
export interface Sink {
  /** PostgreSQL accepted the text: ParseComplete may go out. */
  parsed(): void;
  /** PostgreSQL accepted the parameters: BindComplete may go out. */
  bound(): void;
  /** RowDescription, NoData, DataRow, CopyOutResponse, CopyData, CopyDone, notices and settings. */
  frame(frame: Buffer): void;
  /** More has been written than the client takes: hold on until `drained`. */
  readonly isFull: boolean;
  /** The client reads on, and has sent all the data of a COPY that it was asked for. */
  drained(): Promise<void>;
  /** PostgreSQL asks for the data of COPY … FROM STDIN. @returns the client's data, in CopyData frames up to CopyDone or CopyFail */
  copyIn(response: Buffer): Promise<CopyInput>;
}

/** What a client sent for COPY … FROM STDIN. */
export interface CopyInput {
  /** CopyData frames, bounded by the transaction's size limit. */
  readonly frames: readonly Buffer[];
  /** CopyDone, or CopyFail with the client's reason. */
  readonly end: Buffer;
}

export type Outcome =
  | { readonly kind: "complete"; readonly tag: string }
  /** Rows are left in the portal; so many have been given now. */
  | { readonly kind: "suspended"; readonly rows: number }
  | { readonly kind: "empty" };
