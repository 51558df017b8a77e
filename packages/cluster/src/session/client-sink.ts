/** The answer of one statement, on its way into the client's socket. */
import { limits } from "@dsql-local/spec";
import { type MemoryAccount, SqlError } from "../base/index.ts";
import type { CopyInput, Sink } from "../transaction/index.ts";
import { bodyOf, frontendType } from "../wire/index.ts";
import type { ClientWriter } from "./client-writer.ts";
import { CopyData } from "./copy-data.ts";
import type { FrameQueue } from "./frame-queue.ts";

/** Data of one COPY kept at most, in bytes: more cannot be committed in one transaction anyway. */
const copyBytesMax = limits.bytesPerTransactionMax.value + 1024 * 1024;

export interface ClientSinkOptions {
  readonly writer: ClientWriter;
  readonly queue: FrameQueue;
  /** Counts the data of a COPY until `end`. */
  readonly memory: MemoryAccount;
  /** PostgreSQL has accepted the text. */
  readonly onParsed?: () => void;
  /** PostgreSQL has accepted the parameters. */
  readonly onBound?: () => void;
}

export class ClientSink implements Sink {
  readonly #writer: ClientWriter;
  readonly #queue: FrameQueue;
  readonly #memory: MemoryAccount;
  readonly #onParsed: () => void;
  readonly #onBound: () => void;
  #copy: Promise<CopyInput> | undefined;
  /** Sent, and of those counted in `memory`. */
  #copyBytes = 0;
  #keptBytes = 0;

  constructor(options: ClientSinkOptions) {
    this.#writer = options.writer;
    this.#queue = options.queue;
    this.#memory = options.memory;
    this.#onParsed = options.onParsed ?? (() => undefined);
    this.#onBound = options.onBound ?? (() => undefined);
  }

  parsed(): void {
    this.#onParsed();
  }

  bound(): void {
    this.#onBound();
  }

  frame(frame: Buffer): void {
    this.#writer.write(frame);
  }

  get isFull(): boolean {
    return this.#writer.isFull;
  }

  async drained(): Promise<void> {
    await this.#writer.drained();
    await this.#copy?.catch(() => undefined);
  }

  /** The statement is over. */
  end(): void {
    this.#memory.change(-this.#keptBytes);
    this.#keptBytes = 0;
  }

  /**
   * The data is asked of the client once, also where the statement has to be run again.
   *
   * @throws {SqlError} 54000 the client sent more than a transaction may hold, or it went away
   */
  async copyIn(response: Buffer): Promise<CopyInput> {
    this.#copy ??= this.#askForCopy(response);
    return await this.#copy;
  }

  async #askForCopy(response: Buffer): Promise<CopyInput> {
    this.#writer.write(response);
    this.#writer.flush();
    const data = new CopyData();
    for (;;) {
      const frame = await this.#queue.next();
      if (frame === undefined)
        throw new SqlError({ sqlstate: "08006", message: "connection to client lost" });
      if (frame.type === frontendType.copyData) {
        const body = bodyOf(frame.bytes);
        this.#copyBytes += body.length;
        if (this.#copyBytes > copyBytesMax) {
          data.forget();
          this.end();
        } else {
          data.add(body);
          this.#keptBytes += body.length;
          this.#memory.change(body.length);
        }
      } else if (frame.type === frontendType.copyDone || frame.type === frontendType.copyFail) {
        if (this.#copyBytes > copyBytesMax) throw tooLarge(this.#copyBytes);
        return { frames: data.frames(), end: frame.bytes };
      } else if (frame.type !== frontendType.flush && frame.type !== frontendType.sync) {
        const message = `unexpected message type 0x${frame.type.toString(16).toUpperCase()} during COPY from stdin`;
        throw new SqlError({ sqlstate: "08P01", message });
      }
    }
  }
}

function tooLarge(bytes: number): SqlError {
  const { sqlstate, message } = limits.bytesPerTransactionMax;
  const size = Math.ceil(bytes / (1024 * 1024));
  return new SqlError({
    sqlstate,
    message,
    detail: `Current transaction size ${size}mb > 10mb`,
    hint: "Copy the data in several transactions of 500 to 1,000 rows each.",
  });
}
