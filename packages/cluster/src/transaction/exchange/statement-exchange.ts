/**
 * One statement as one exchange with a backend: what is sent, and how the answer is taken apart.
 *
 * Answers to reads are passed on as they come. Answers to writing and locking statements are held back until the
 * statement is complete: if PostgreSQL finds that the transaction has lost, its client must not have heard half an answer.
 */
import {
  backendType,
  decodeCommandTag,
  decodeErrorFields,
  encodeFrontend,
  type ErrorFieldMap,
} from "../../wire/index.ts";
import { type Backend, backendStatementName, type PreparedText, type Receiver } from "../../backend/index.ts";
import type { CopyInput, Execution, Sink } from "./execution.ts";
import type { HeldAnswers } from "./held-answers.ts";

/** How a statement ended on the backend. */
export type ExchangeResult =
  | { readonly kind: "complete"; readonly tag: string }
  /** `rows` have been given that the client did not have before. */
  | { readonly kind: "suspended"; readonly rows: number }
  | { readonly kind: "empty" }
  /** Put aside by `interrupt` after so many rows. */
  | { readonly kind: "interrupted"; readonly rows: number }
  | { readonly kind: "error"; readonly fields: ErrorFieldMap }
  /** Not an error of PostgreSQL's: the client's data was refused on our side, or PostgreSQL is gone. */
  | { readonly kind: "lost"; readonly error: Error };

/** Held back at most so much of one answer, in bytes; at the bound it goes out, and losing becomes an error. */
const heldBytesMax = 16 * 1024 * 1024;

export interface ExchangeOptions {
  /** Hold the answer back until the statement is complete, and count it there. */
  readonly heldIn?: HeldAnswers | undefined;
  /** Where the answer goes; absent for a statement run again for its effects only. */
  readonly sink?: Sink | undefined;
  /** Looks at each row and its description first; undefined swallows the frame. */
  readonly transform?: ((type: number, frame: Buffer) => Buffer | undefined) | undefined;
  /** Rows at the start of the answer that the client already has. */
  readonly skipRows?: number;
  /** The statement is a SET, so changed settings are the client's own doing. */
  readonly reportSettings?: boolean;
}

export class StatementExchange implements Receiver {
  readonly result: Promise<ExchangeResult>;
  /** The text is kept by the backend, or has been parsed by it in this exchange. */
  isParsed: boolean;
  /** What the client sent for COPY … FROM STDIN, once it has. */
  copied: CopyInput | undefined;
  readonly #backend: Backend;
  readonly #prepared: PreparedText;
  readonly #options: ExchangeOptions;
  readonly #resolve: (result: ExchangeResult) => void;
  readonly #held: Buffer[] = [];
  #heldBytes = 0;
  #isHolding: boolean;
  #hasGivenOut = false;
  #rows = 0;
  #end: ExchangeResult | undefined;
  #isStalled = false;
  #isInterrupted = false;
  #awaitsCopy = false;
  #cancelling: Promise<void> | undefined;
  #refusal: Error | undefined;

  constructor(backend: Backend, prepared: PreparedText, options: ExchangeOptions) {
    let resolve: (result: ExchangeResult) => void = () => undefined;
    this.result = new Promise((settle) => (resolve = settle));
    this.#resolve = resolve;
    this.#backend = backend;
    this.#prepared = prepared;
    this.#options = options;
    this.#isHolding = options.heldIn !== undefined;
    this.isParsed = backend.prepared.has(prepared);
    // Nothing is going to be parsed, so the client need not wait to hear that its text is good.
    if (this.isParsed) options.sink?.parsed();
  }

  /** The client does not take the rows of a read as fast as they come, or has not sent the whole of its COPY. */
  get isStalled(): boolean {
    return this.#isStalled && !this.#isInterrupted;
  }

  /** The client has had some of an answer that was to be held back: the statement cannot be answered in another way. */
  get hasGivenOut(): boolean {
    return this.#hasGivenOut;
  }

  /** Ends a stalled statement: PostgreSQL is asked to cancel it, and what it has sent since is dropped. */
  interrupt(): void {
    this.#isInterrupted = true;
    if (this.#awaitsCopy) {
      sendCopy(this.#backend, noData);
      return;
    }
    this.#cancelling = this.#backend.cancel();
    this.#backend.resume();
  }

  /** Gives out what was held back. */
  release(): void {
    for (const frame of this.#held.splice(0)) this.#options.sink?.frame(frame);
  }

  message(type: number, frame: Buffer): void {
    if (this.#isInterrupted) return;
    switch (type) {
      case backendType.dataRow:
        this.#rows += 1;
        if (this.#rows > (this.#options.skipRows ?? 0)) this.#pass(type, frame);
        return;
      case backendType.parseComplete:
        this.#parsed();
        return;
      case backendType.bindComplete:
        this.#options.sink?.bound();
        return;
      case backendType.commandComplete:
        this.#end = { kind: "complete", tag: decodeCommandTag(frame) };
        return;
      case backendType.portalSuspended:
        this.#end = { kind: "suspended", rows: this.#newRows };
        return;
      case backendType.emptyQueryResponse:
        this.#end = { kind: "empty" };
        return;
      case backendType.errorResponse:
        this.#end = { kind: "error", fields: decodeErrorFields(frame) };
        return;
      case backendType.parameterStatus:
        if (this.#options.reportSettings === true) this.#options.sink?.frame(frame);
        return;
      case backendType.copyInResponse:
        void this.#copyIn(frame);
        return;
      case backendType.closeComplete:
      case backendType.notificationResponse:
        return;
      default: // RowDescription, NoData, NoticeResponse, CopyOutResponse, CopyData, CopyDone.
        this.#pass(type, frame);
    }
  }

  ready(): void {
    this.#letGo();
    if (!this.isParsed) this.#backend.prepared.delete(this.#prepared);
    if (this.#isInterrupted) void this.#endInterrupted();
    else if (this.#refusal !== undefined) this.#resolve({ kind: "lost", error: this.#refusal });
    else this.#resolve(this.#end ?? { kind: "empty" });
  }

  lost(error: Error): void {
    this.#letGo();
    this.#resolve({ kind: "lost", error });
  }

  /** Nothing else may be sent to the backend before the cancellation has reached it. */
  async #endInterrupted(): Promise<void> {
    await this.#cancelling;
    this.#resolve({ kind: "interrupted", rows: this.#newRows });
  }

  /** Rows that the client did not have before. */
  get #newRows(): number {
    return Math.max(0, this.#rows - (this.#options.skipRows ?? 0));
  }

  #parsed(): void {
    this.isParsed = true;
    this.#options.sink?.parsed();
  }

  #pass(type: number, frame: Buffer): void {
    const shown = this.#options.transform === undefined ? frame : this.#options.transform(type, frame);
    const { sink } = this.#options;
    if (shown === undefined || sink === undefined) return;
    if (this.#isHolding && this.#holds(shown)) return;
    if (this.#held.length > 0) this.release();
    this.#hasGivenOut = this.#options.heldIn !== undefined;
    sink.frame(shown);
    if (sink.isFull && !this.#isStalled) void this.#waitForClient(sink);
  }

  #holds(frame: Buffer): boolean {
    const bytes = this.#heldBytes + frame.length;
    if (bytes > heldBytesMax || this.#options.heldIn?.take(frame.length) !== true) {
      this.#letGo();
      return false;
    }
    this.#held.push(frame);
    this.#heldBytes = bytes;
    return true;
  }

  /** From here on nothing more is held back; what is goes out, or is dropped, at once. */
  #letGo(): void {
    this.#isHolding = false;
    this.#options.heldIn?.give(this.#heldBytes);
    this.#heldBytes = 0;
  }

  async #waitForClient(sink: Sink): Promise<void> {
    this.#isStalled = true;
    this.#backend.pause();
    await sink.drained();
    this.#isStalled = false;
    this.#backend.resume();
  }

  /** Source: PostgreSQL documentation, "COPY Operations": a Sync before CopyDone would be ignored. */
  async #copyIn(response: Buffer): Promise<void> {
    this.#awaitsCopy = true;
    this.#isStalled = true;
    let input: CopyInput | undefined;
    try {
      input = await this.#options.sink?.copyIn(response);
      this.copied = input;
    } catch (error) {
      this.#refusal = error as Error;
    }
    if (this.#isInterrupted) return;
    this.#awaitsCopy = false;
    this.#isStalled = false;
    sendCopy(this.#backend, input ?? noData);
  }
}

const noData: CopyInput = { frames: [], end: encodeFrontend.copyFail("no data") };

/** Hands the data of COPY … FROM STDIN to the backend and ends the exchange. */
function sendCopy(backend: Backend, input: CopyInput): void {
  backend.sendMore(Buffer.concat([...input.frames, input.end, encodeFrontend.sync()]));
}

/**
 * The messages that run a statement.
 *
 * @param isOpen - the portal stands suspended on this backend and is only to go on
 */
export function statementFrames(backend: Backend, execution: Execution, isOpen: boolean): Buffer[] {
  const rowsMax = execution.rowsMax === 0 ? 0 : execution.rowsMax + (isOpen ? 0 : execution.rowsSent);
  const run = encodeFrontend.execute(execution.portal, rowsMax);
  const end = isCopyIn(execution) ? flush : encodeFrontend.sync();
  if (isOpen) return [run, end];
  const frames = parseFrames(backend, execution.prepared);
  frames.push(
    encodeFrontend.bind(execution.portal, backendStatementName(execution.prepared), execution.bindArguments),
  );
  if (execution.describe) frames.push(encodeFrontend.describe("portal", execution.portal));
  frames.push(run, end);
  return frames;
}

/**
 * Parse, when the backend does not keep the text yet, with Close of a text that has to make room. The text counts as
 * kept from now on; the exchange takes that back if PostgreSQL refuses it.
 */
export function parseFrames(backend: Backend, prepared: PreparedText): Buffer[] {
  const name = backendStatementName(prepared);
  if (name === "") return [encodeFrontend.parse("", prepared.text, prepared.parameterTypes)];
  if (backend.prepared.has(prepared)) return [];
  const evicted = backend.prepared.add(prepared);
  const room = evicted === undefined ? [] : [encodeFrontend.close("statement", `d${evicted}`)];
  return [...room, encodeFrontend.parse(name, prepared.text, prepared.parameterTypes)];
}

function isCopyIn(execution: Execution): boolean {
  const { statement } = execution;
  return statement.kind === "write" && statement.analysis.command === "copyIn";
}

const flush = Buffer.from([0x48, 0, 0, 0, 4]);
