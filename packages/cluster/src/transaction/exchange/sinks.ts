/** Where answers go that no client waits for. */
import { encodeFrontend } from "../../wire/index.ts";
import type { CopyInput, Sink } from "./execution.ts";

const noData: CopyInput = { frames: [], end: encodeFrontend.copyFail("no data") };

/** Keeps the frames of an answer, or drops them, and has the data of a COPY ready. */
export class InnerSink implements Sink {
  readonly isFull = false;
  readonly #frames: Buffer[] | undefined;
  readonly #copy: CopyInput;

  /**
   * @param options.frames - gets each frame; the bound is that of the statement's answer
   * @param options.copy - what the client sent the first time
   */
  constructor(options: { frames?: Buffer[]; copy?: CopyInput | undefined } = {}) {
    this.#frames = options.frames;
    this.#copy = options.copy ?? noData;
  }

  parsed(): void {
    return;
  }

  bound(): void {
    return;
  }

  frame(frame: Buffer): void {
    this.#frames?.push(frame);
  }

  async drained(): Promise<void> {
    return await Promise.resolve();
  }

  async copyIn(): Promise<CopyInput> {
    return await Promise.resolve(this.#copy);
  }
}
