/** The answer to an Execute that asks for so many rows of a statement that has already run to its end. */
import { backendType } from "../wire/index.ts";
import { ClientSink, type ClientSinkOptions } from "./client-sink.ts";

export class PortalSink extends ClientSink {
  /** Rows beyond those that were asked for; bounded by what a transaction may write. */
  readonly rest: Buffer[] = [];
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

  override frame(frame: Buffer): void {
    const isRow = frame[0] === backendType.dataRow;
    if (isRow && this.isCut) {
      this.rest.push(frame);
      return;
    }
    if (isRow) this.#rows += 1;
    super.frame(frame);
  }
}
