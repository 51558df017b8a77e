/** The answer to an Execute that asks for so many rows of a statement that has already run to its end. */
import { backendType } from "../wire/index.ts";
import { ClientSink, type ClientSinkOptions } from "./client-sink.ts";

/** Rows kept for later Executes, in bytes: more than a transaction may write, since RETURNING may give other values. */
export const restBytesMax = 16 * 1024 * 1024;

export class PortalSink extends ClientSink {
  /** Rows beyond those that were asked for. */
  readonly rest: Buffer[] = [];
  #restBytes = 0;
  readonly #rowsMax: number;
  #rows = 0;

  /** @param options.rowsMax - 0: all rows go out */
  constructor(options: ClientSinkOptions & { rowsMax: number }) {
    super(options);
    this.#rowsMax = options.rowsMax;
  }

  /** As many rows have gone out as were asked for; there may be more. */
  get isCut(): boolean {
    return this.#rowsMax > 0 && this.#rows >= this.#rowsMax;
  }

  get restBytes(): number {
    return this.#restBytes;
  }

  /** There are more rows than are kept: the statement has to fail. */
  get isOverfull(): boolean {
    return this.#restBytes > restBytesMax;
  }

  override frame(frame: Buffer): void {
    const isRow = frame[0] === backendType.dataRow;
    if (isRow && this.isCut) {
      this.#restBytes += frame.length;
      if (this.isOverfull) this.rest.length = 0;
      else this.rest.push(frame);
      return;
    }
    if (isRow) this.#rows += 1;
    super.frame(frame);
  }
}
