/** Where answers go on their way to a client, and where those go that no client waits for. */
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

/** Passes an answer on to another sink. What looks at it on its way, or changes it, extends this. */
export abstract class PassingSink implements Sink {
  protected readonly sink: Sink;

  constructor(sink: Sink) {
    this.sink = sink;
  }

  abstract frame(frame: Buffer): void;

  parsed(): void {
    this.sink.parsed();
  }

  bound(): void {
    this.sink.bound();
  }

  get isFull(): boolean {
    return this.sink.isFull;
  }

  async drained(): Promise<void> {
    await this.sink.drained();
  }

  async copyIn(response: Buffer): Promise<CopyInput> {
    return await this.sink.copyIn(response);
  }
}
