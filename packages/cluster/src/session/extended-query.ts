/**
 * The extended protocol: Parse, Bind, Describe, Execute, Close, Flush, Sync.
 *
 * PostgreSQL hears of a statement with its Execute, all in one write. What comes before is only acknowledged when
 * PostgreSQL has accepted it, so acknowledgements wait: for the Execute, or for a Flush, Sync or Describe, which then
 * have PostgreSQL check what is still unverified.
 *
 * Always true
 * - Answers go out in the order of the client's messages.
 * - A portal lives as long as its transaction.
 *
 * Source: PostgreSQL documentation, "Extended Query" and "Pipelining".
 */
import { type Clock, type MemoryAccount, SqlError } from "../base/index.ts";
import { factsOf, isExplain, type SqlParser, type Statement } from "../sql/index.ts";
import type { PreparedText } from "../backend/index.ts";
import { type Coordinator, describe, type Description, type Execution } from "../transaction/index.ts";
import {
  decodeBind,
  decodeBindArguments,
  decodeExecute,
  decodeParse,
  decodeTarget,
  encodeBackend,
} from "../wire/index.ts";
import { KeptByName } from "./kept-by-name.ts";
import { PortalSink, restBytesMax } from "./portal-sink.ts";
import type { ClientWriter } from "./client-writer.ts";
import type { FrameQueue } from "./frame-queue.ts";
import { describeOwn } from "./kinds/index.ts";
import { waitForJobDescription, withoutColumns } from "./own-descriptions.ts";
import { type PreparedObject, type SessionObjects, typesOf } from "./session-objects.ts";
import type { StatementRunner } from "./statement-runner.ts";

interface Prepared {
  /** undefined for an empty text. */
  readonly statement: Statement | undefined;
  readonly parameterTypes: readonly number[];
  /** Kept for this client, where its text cannot be shared: PostgreSQL makes its constants once, as of a prepared statement. */
  readonly own: PreparedText | undefined;
  readonly preparedMs: number;
  /** Once PostgreSQL has described it. */
  types: ReturnType<typeof typesOf> | undefined;
}

interface Portal {
  readonly createdMs: number;
  readonly prepared: Prepared;
  readonly bindArguments: Buffer;
  rowsSent: number;
  isDone: boolean;
  /** The client wants the columns described with the first Execute. */
  describe: boolean;
  /** What a statement that has run to its end has answered beyond the rows that the client has asked for. */
  rest: { readonly rows: Buffer[]; readonly tag: string } | undefined;
}

/** A promise only where PostgreSQL has to be heard first: most messages are answered at once, thousands of times a second. */
export type Answering = Promise<void> | void;

/** An acknowledgement that waits, and how to forget what it would have acknowledged. */
interface Acknowledgement {
  readonly frame: Buffer;
  readonly undo: () => void;
}

export interface ExtendedQueryContext {
  readonly parser: SqlParser;
  readonly coordinator: Coordinator;
  readonly runner: StatementRunner;
  readonly writer: ClientWriter;
  readonly queue: FrameQueue;
  readonly memory: MemoryAccount;
  readonly clock: Clock;
}

/** Of one session. At a bound the next is refused: 53400. */
const preparedBounds = {
  what: "prepared statements",
  countMax: 10_000,
  bytesMax: 64 * 1024 * 1024,
  hint: "Close statements that are no longer used.",
};
const portalBounds = {
  what: "portals",
  countMax: 1_000,
  bytesMax: 64 * 1024 * 1024,
  hint: "Close portals that are no longer used.",
};

export class ExtendedQuery {
  readonly #context: ExtendedQueryContext;
  readonly #prepared: KeptByName<Prepared>;
  readonly #portals: KeptByName<Portal>;
  /** Acknowledgements that wait, in order. */
  #acknowledgements: Acknowledgement[] = [];
  #unverified: { prepared: Prepared; portal?: Portal } | undefined;

  constructor(context: ExtendedQueryContext) {
    this.#context = context;
    this.#prepared = new KeptByName(preparedBounds, context.memory);
    this.#portals = new KeptByName(portalBounds, context.memory);
  }

  /** @throws {SqlError} the text is not SQL, or its name is taken */
  parse(body: Buffer): Answering {
    const message = decodeParse(body);
    if (this.#unverified !== undefined) return this.#settle().then(() => this.#prepare(message));
    this.#prepare(message);
  }

  #prepare({ statement: name, text, parameterTypes }: ReturnType<typeof decodeParse>): void {
    if (name === "") this.#prepared.delete(name);
    if (this.#prepared.has(name)) {
      throw new SqlError({ sqlstate: "42P05", message: `prepared statement "${name}" already exists` });
    }
    const { statements, bytes } = this.#context.parser.parse(text);
    if (statements.length > 1) {
      const message = "cannot insert multiple commands into a prepared statement";
      throw new SqlError({ sqlstate: "42601", message });
    }
    const [statement] = statements;
    if (statement === undefined) this.#context.runner.block.refuseIfFailed();
    else this.#context.runner.refuse(statement);
    // The unnamed statement is there to be run once.
    const own =
      name === "" || statement === undefined
        ? undefined
        : this.#context.coordinator.prepareForOne(statement, parameterTypes);
    const preparedMs = this.#context.clock.nowMs();
    const prepared: Prepared = { statement, parameterTypes, own, preparedMs, types: undefined };
    this.#prepared.set(name, prepared, bytes + 4 * parameterTypes.length);
    this.#acknowledgements.push({
      frame: encodeBackend.parseComplete(),
      undo: () => {
        this.#prepared.delete(name);
      },
    });
    this.#unverified = { prepared };
  }

  /** @throws {SqlError} there is no such statement, or the portal's name is taken */
  bind(body: Buffer): Answering {
    const { portal: name, statement, arguments: bindArguments } = decodeBind(body);
    decodeBindArguments(bindArguments);
    const prepared = this.#prepared.get(statement);
    if (prepared === undefined) throw unknownStatement(statement);
    const open = (): void => this.#open(name, prepared, bindArguments);
    const unverified = this.#unverified;
    if (unverified !== undefined && (unverified.portal !== undefined || unverified.prepared !== prepared))
      return this.#settle().then(open);
    open();
  }

  #open(name: string, prepared: Prepared, bindArguments: Buffer): void {
    if (name !== "" && this.#portals.has(name)) {
      throw new SqlError({ sqlstate: "42P03", message: `cursor "${name}" already exists` });
    }
    const portal: Portal = {
      createdMs: this.#context.clock.nowMs(),
      prepared,
      // One that is to last would keep the whole message, and what came with it, alive.
      bindArguments: name === "" ? bindArguments : Buffer.from(bindArguments),
      rowsSent: 0,
      isDone: false,
      describe: false,
      rest: undefined,
    };
    this.#keepPortal(name, portal);
    this.#acknowledgements.push({
      frame: encodeBackend.bindComplete(),
      undo: () => {
        this.#portals.delete(name);
      },
    });
    this.#unverified = { prepared, portal };
  }

  /** @throws {SqlError} there is no such statement or portal, or PostgreSQL refuses it */
  describe(body: Buffer): Answering {
    const { target, name } = decodeTarget(body);
    return target === "portal" ? this.#describePortal(this.#portal(name)) : this.#describeStatement(name);
  }

  #describePortal(portal: Portal): Answering {
    const own = describedHere(portal.prepared.statement);
    if (own !== undefined) {
      this.#verified(); // There is nothing for PostgreSQL to check.
      this.#context.writer.write(own.rows);
      return;
    }
    const isNew = portal.rowsSent === 0 && this.#unverified?.portal === portal;
    if (!isNew || portal.prepared.statement === undefined) return this.#tellColumns(portal.prepared);
    portal.describe = true; // Travels with the Execute that is bound to follow.
  }

  async #tellColumns(prepared: Prepared): Promise<void> {
    await this.#settle();
    this.#context.writer.write((await this.#description(prepared)).rows);
  }

  async #describeStatement(name: string): Promise<void> {
    const prepared = this.#prepared.get(name);
    if (prepared === undefined) throw unknownStatement(name);
    // Describing verifies it.
    if (this.#unverified?.prepared !== prepared || this.#unverified.portal !== undefined)
      await this.#settle();
    const { parameters, rows } = await this.#description(prepared);
    this.#verified();
    this.#context.writer.write(parameters);
    this.#context.writer.write(rows);
  }

  async execute(body: Buffer): Promise<void> {
    const { portal: name, rowsMax } = decodeExecute(body);
    const portal = this.#portal(name);
    if (this.#unverified?.portal !== portal) await this.#settle();
    const { statement } = portal.prepared;
    const { writer } = this.#context;
    if (statement === undefined) {
      this.#verified();
      writer.write(encodeBackend.emptyQueryResponse());
      return;
    }
    if (portal.isDone) {
      const message = `portal "${name}" cannot be run`;
      throw new SqlError({ sqlstate: "55000", message });
    }
    if (portal.rest !== undefined) this.#giveRest(portal, rowsMax);
    else await this.#run(name, portal, this.#execution(name, portal, statement, rowsMax));
  }

  async close(body: Buffer): Promise<void> {
    const { target, name } = decodeTarget(body);
    await this.#settle();
    if (target === "statement") this.#prepared.delete(name);
    else this.#portals.delete(name);
    this.#context.writer.write(encodeBackend.closeComplete());
  }

  /** Everything so far is answered. */
  async flush(): Promise<void> {
    await this.#settle();
    this.#context.writer.flush();
  }

  /** The end of a pipeline. @throws {SqlError} what was implicit could not be committed */
  sync(): Answering {
    if (this.#unverified !== undefined || this.#context.runner.block.isImplicit) return this.#endPipeline();
    this.endPortals();
  }

  async #endPipeline(): Promise<void> {
    await this.#settle();
    await this.#context.runner.endImplicit();
    this.endPortals();
  }

  /** After an error: what was waiting to be acknowledged never was, and no portal survives. */
  abandon(): void {
    for (const { undo } of this.#acknowledgements.splice(0)) undo();
    this.#unverified = undefined;
    this.#portals.clear();
  }

  /** Portals end with their transaction. */
  endPortals(): void {
    if (this.#context.runner.block.transaction === undefined) this.#portals.clear();
    else this.#portals.delete("");
  }

  /** What the session's client has prepared, and what stands open. */
  async objects(): Promise<SessionObjects> {
    const prepared: PreparedObject[] = [];
    for (const [name, one] of this.#prepared.entries()) {
      if (name === "") continue;
      // In an open transaction a statement that PostgreSQL refuses by now would be the end of it.
      if (
        one.types === undefined &&
        one.statement !== undefined &&
        this.#context.runner.block.transaction === undefined
      )
        await this.#description(one).catch(() => undefined);
      const { parameterTypes, resultTypes } = one.types ?? { ...one, resultTypes: undefined };
      const { preparedMs, statement } = one;
      prepared.push({ name, statement: statement?.text ?? "", preparedMs, parameterTypes, resultTypes });
    }
    const cursors = [...this.#portals.entries()].map(
      ([
        name,
        {
          prepared: { statement },
          bindArguments,
          createdMs,
        },
      ]) => {
        const isBinary = decodeBindArguments(bindArguments).resultFormats.includes(1);
        return { name, statement: statement?.text ?? "", isBinary, createdMs };
      },
    );
    return { prepared, cursors };
  }

  forgetPrepared(): void {
    this.#prepared.clear();
  }

  /** The session is over. */
  forgetAll(): void {
    this.#prepared.clear();
    this.#portals.clear();
  }

  async #run(name: string, portal: Portal, execution: Execution): Promise<void> {
    const { runner, writer, queue, memory } = this.#context;
    const isWhole = runsToItsEnd(execution.statement);
    const sink = new PortalSink({
      writer,
      queue,
      memory,
      rowsMax: isWhole ? execution.rowsMax : 0,
      onParsed: () => {
        this.#parsed();
      },
      onBound: () => {
        this.#verified();
      },
    });
    const run = isWhole ? { ...execution, rowsMax: 0 } : execution;
    // One that gives only a part of its rows now may still fail over the rest, so it is not committed with its Execute.
    const isAlone = queue.nextIsSync && run.rowsMax === execution.rowsMax;
    const outcome = await runner.run(run, sink, isAlone).finally(() => {
      sink.end();
    });
    this.#verified();
    portal.describe = false;
    if (sink.isOverfull) throw tooManyRows();
    if (outcome.kind === "complete" && sink.isCut) {
      portal.rest = { rows: sink.rest, tag: outcome.tag };
      this.#keepPortal(name, portal, sink.restBytes);
      writer.write(encodeBackend.portalSuspended());
    } else if (outcome.kind === "complete") {
      portal.isDone = true;
      writer.write(encodeBackend.commandComplete(outcome.tag));
      this.endPortals();
      if (runner.block.transaction !== undefined) this.#keepPortal(name, portal);
    } else if (outcome.kind === "suspended") {
      portal.rowsSent += outcome.rows;
      writer.write(encodeBackend.portalSuspended());
    } else writer.write(encodeBackend.emptyQueryResponse());
  }

  #keepPortal(name: string, portal: Portal, restBytes = 0): void {
    this.#portals.set(name, portal, portal.bindArguments.length + restBytes);
  }

  #giveRest(portal: Portal, rowsMax: number): void {
    const { writer } = this.#context;
    const { rows = [], tag = "" } = portal.rest ?? {};
    const given = rows.splice(0, rowsMax > 0 ? rowsMax : rows.length);
    for (const row of given) writer.write(row);
    // As in PostgreSQL, a client that got as many rows as it had asked for has to ask once more for the end.
    portal.isDone = rowsMax <= 0 || given.length < rowsMax;
    writer.write(portal.isDone ? encodeBackend.commandComplete(tag) : encodeBackend.portalSuspended());
  }

  #execution(name: string, portal: Portal, statement: Statement, rowsMax: number): Execution {
    const { parameterTypes } = portal.prepared;
    return {
      statement,
      prepared: this.#context.runner.prepare(statement, parameterTypes, portal.prepared.own),
      bindArguments: portal.bindArguments,
      describe: portal.describe,
      rowsMax: Math.max(0, rowsMax),
      portal: name,
      rowsSent: portal.rowsSent,
    };
  }

  #portal(name: string): Portal {
    const portal = this.#portals.get(name);
    if (portal === undefined) {
      throw new SqlError({ sqlstate: "34000", message: `portal "${name}" does not exist` });
    }
    return portal;
  }

  /** PostgreSQL has accepted a text; whether it accepts the parameters, too, is still to come. */
  #parsed(): void {
    const first = this.#acknowledgements[0];
    if (first === undefined || first.frame !== encodeBackend.parseComplete()) return;
    this.#acknowledgements.shift();
    this.#context.writer.write(first.frame);
  }

  /** PostgreSQL has accepted what was waiting. */
  #verified(): void {
    this.#unverified = undefined;
    for (const { frame } of this.#acknowledgements.splice(0)) this.#context.writer.write(frame);
  }

  /** Has PostgreSQL check what the client has announced but not run. */
  async #settle(): Promise<void> {
    const unverified = this.#unverified;
    if (unverified === undefined) return;
    const { rows } = await this.#description(unverified.prepared);
    this.#verified();
    if (unverified.portal?.describe === true) {
      unverified.portal.describe = false;
      this.#context.writer.write(rows);
    }
  }

  async #description(prepared: Prepared): Promise<Description> {
    const { coordinator, runner } = this.#context;
    const { statement, parameterTypes } = prepared;
    const known = describedHere(statement);
    if (known !== undefined) return known;
    if (statement === undefined) throw new TypeError("an empty statement is described without PostgreSQL");
    runner.block.refuseIfFailed();
    const text = runner.prepare(statement, parameterTypes, prepared.own);
    const { transaction, sessionView } = runner.block;
    const description =
      transaction === undefined
        ? await coordinator.lend(sessionView, (lease) => describe(lease.backend, text))
        : await transaction.useBackend((hold) => describe(hold.lease.backend, text));
    prepared.types = typesOf(description);
    return statement.kind === "waitForJob" ? waitForJobDescription(description) : description;
  }
}

/** What writes, and EXPLAIN, runs to its end with the first Execute, however few rows the client asks for. */
function runsToItsEnd(statement: Statement): boolean {
  return factsOf(statement).effect === "writes" || isExplain(statement);
}

/** An empty text has no columns. */
function describedHere(statement: Statement | undefined): Description | undefined {
  return statement === undefined ? withoutColumns() : describeOwn(statement);
}

function tooManyRows(): SqlError {
  const message = `rows beyond those that were asked for are kept up to ${restBytesMax} bytes`;
  const hint = "Ask for all rows of a statement that writes, or have it return less.";
  return new SqlError({ sqlstate: "53400", message, hint });
}

function unknownStatement(name: string): SqlError {
  const message =
    name === "" ? "unnamed prepared statement does not exist" : `prepared statement "${name}" does not exist`;
  return new SqlError({ sqlstate: "26000", message });
}
