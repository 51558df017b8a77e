/**
 * What an open transaction holds: a backend with a snapshot, the redo log, locked rows, suspended portals.
 *
 * This is the mechanics against PostgreSQL; `transaction.ts` decides when to use which.
 *
 * Always true
 * - The backend's transaction stands behind its base savepoint, so that its effects can be rolled back without its snapshot.
 */
import { isRedone } from "../sql/index.ts";
import { assert } from "../base/index.ts";
import {
  decodeBindArguments,
  encodeBindArguments,
  encodeFrontend,
  type ErrorFieldMap,
} from "../wire/index.ts";
import {
  type Lease,
  PostgresError,
  type Receiver,
  request,
  type RequestResult,
  requestSimple,
  type SequenceValues,
  type Settings,
  type SettingsFound,
  settingsFound,
} from "../backend/index.ts";
import { mayUseSequences, type Table } from "../catalog/index.ts";
import { keySharesOf, type LockedRows, touchLockedRows } from "./rows/locked-rows.ts";
import type { KeyShare } from "./history/commit-history.ts";
import type { Execution, Sink } from "./exchange/execution.ts";
import type { HeldAnswers } from "./exchange/held-answers.ts";
import { isOfTheMoment, postgresConflict, sqlErrorOf } from "./exchange/postgres-errors.ts";
import { type ExchangeResult, StatementExchange, statementFrames } from "./exchange/statement-exchange.ts";
import { changedRowsBy, type ChangedSoFar, changedSoFar, type TouchedTable } from "./rows/changed-rows.ts";
import type { Patience } from "./limits/patience.ts";
import { bytesWritten } from "./limits/write-size.ts";
import type { StatementPlan } from "./plan/plan.ts";
import { RowObserver } from "./rows/row-observer.ts";
import { RedoLog } from "./redo/redo-log.ts";
import type { RowImages } from "./rows/row-images.ts";
import type { TransactionServices } from "./services.ts";

/** A victim of PostgreSQL's deadlock detector tries again so often; each time another transaction has got further. */
export const deadlockAttemptsMax = 50;

const base = "dsql_base";
// The access mode is always said: a session's default may be the other one.
const opening = (modes: string): Buffer =>
  encodeFrontend.query(`BEGIN ISOLATION LEVEL REPEATABLE READ${modes}; SAVEPOINT ${base}`);
const openings = {
  readWrite: { plain: opening(" READ WRITE"), deferrable: opening(" READ WRITE DEFERRABLE") },
  readOnly: { plain: opening(" READ ONLY"), deferrable: opening(" READ ONLY DEFERRABLE") },
};

export interface TransactionModes {
  readonly readOnly: boolean;
  readonly isDeferrable: boolean;
}

function openingOf({ readOnly, isDeferrable }: TransactionModes): Buffer {
  return openings[readOnly ? "readOnly" : "readWrite"][isDeferrable ? "deferrable" : "plain"];
}

const rollbackToBase = `ROLLBACK TO SAVEPOINT ${base}`;

/** Rows changed, and the bytes they count. */
export interface Changed {
  readonly rows: number;
  readonly bytes: number;
  /** Tables that have been changed, where the statement's text does not say which. */
  readonly touched?: readonly TouchedTable[];
}

/** The answer to one statement, not yet given to the client where it is held back. */
export interface Sent {
  readonly result: ExchangeResult;
  /** Rows as the statement left them, where it was recorded. */
  readonly images: readonly RowImages[] | undefined;
  readonly changed: Changed;
  /** As of `changed`. */
  readonly touched: readonly TouchedTable[];
  /** The client has had some of the answer before it could be known whether the statement stands. */
  readonly hasGivenOut: boolean;
  /** Keeps what redo and COMMIT need, and lets the answer go out. */
  accept(): void;
}

export class Hold {
  readonly lease: Lease;
  readonly redo = new RedoLog();
  readonly #services: TransactionServices;
  readonly #settingsAtStart: Settings;
  #locked: LockedRows[] = [];
  readonly #openPortals = new Set<string>();
  #opening: Buffer | undefined;
  /** set_config() has run in it. */
  #hasOtherSettings = false;
  #isToldOtherSettings = false;
  readonly #sequences: SequenceValues;
  #usesSequences = false;
  #underWay: StatementExchange | undefined;

  private constructor(
    services: TransactionServices,
    lease: Lease,
    { settings, sequences }: { settings: Settings; sequences: SequenceValues },
    opening: Buffer,
  ) {
    this.#services = services;
    this.lease = lease;
    this.#settingsAtStart = settings;
    this.#sequences = sequences;
    this.#opening = opening;
  }

  /** Leases a backend. BEGIN travels with the first statement. @throws {SqlError} none comes free, or it is cancelled */
  static async take(
    services: TransactionServices,
    options: {
      role: string;
      modes: TransactionModes;
      settings: Settings;
      session: object;
      sequences: SequenceValues;
      patience: Patience;
    },
  ): Promise<Hold> {
    const lease = await options.patience.during((onWait) =>
      services.pool.acquire(options.role, onWait, options.session),
    );
    lease.busy();
    const { backend } = lease;
    const settings = options.sequences.beside(options.settings);
    const change = backend.settings.changesTo(settings);
    backend.settings = settings;
    try {
      if (change !== "") await requestSimple(backend, change);
    } catch (error) {
      lease.release("broken");
      throw error;
    }
    return new Hold(services, lease, options, openingOf(options.modes));
  }

  /** Where answers that are held back are counted. */
  get held(): HeldAnswers {
    return this.#services.held;
  }

  get processId(): number {
    return this.lease.backend.processId;
  }

  /**
   * Runs one statement; nothing of a held-back answer goes out before `accept`.
   *
   * @throws {SqlError} 54000 a row, a value or a key that it has written is too large
   */
  async send(execution: Execution, plan: StatementPlan, sink: Sink): Promise<Sent> {
    const { backend } = this.lease;
    const observer = new RowObserver(plan, this.#services.limits);
    const sent = this.#substituted(execution, plan, observer.addedColumns);
    const isOpen = execution.rowsSent > 0 && this.#openPortals.has(execution.portal);
    const { kind } = execution.statement;
    const exchange = new StatementExchange(backend, sent.prepared, {
      heldIn:
        kind === "write" || plan.locking !== undefined || plan.callsWritingFunction
          ? this.#services.held
          : undefined,
      sink,
      transform: observer.transform,
      skipRows: isOpen ? 0 : execution.rowsSent,
      reportSettings: kind === "set" || kind === "reset",
    });
    if (mayUseSequences(execution.statement, this.#services.catalog.sharing)) await this.#claimSequences();
    const before = plan.changesOthers ? await changedSoFar(this) : undefined;
    const result = await this.#exchange(Buffer.concat(statementFrames(backend, sent, isOpen)), exchange);
    if (execution.statement.kind === "reset" && execution.statement.name === undefined)
      await this.#tellSequences();
    const changesSettings = backend.hasOtherSettings;
    if (changesSettings) this.#noteOtherSettings();
    const counted = this.#changed({ execution, plan, observer, exchange, result, before });
    const changed = counted instanceof Promise ? await counted : counted;
    if (observer.locks?.hasHidden === true) await observer.locks.findHidden(this);
    const accept = (): void => {
      if (result.kind === "suspended") this.#openPortals.add(execution.portal);
      else this.#openPortals.delete(execution.portal);
      if (observer.locks !== undefined) this.#locked.push(...observer.locks.rows);
      if (
        execution.rowsSent === 0 &&
        (isRedone(execution.statement) || plan.callsWritingFunction || changesSettings)
      ) {
        const tag = result.kind === "complete" ? result.tag : "";
        const images = plan.recording?.forRedo === true ? observer.images : undefined;
        const { locking, isUnrepeatable } = plan;
        const locked = observer.locks?.rows;
        const { copied: copy } = exchange;
        this.redo.add({ execution: sent, tag, images, copy, locking, locked, isUnrepeatable });
      }
      exchange.release();
    };
    const { hasGivenOut } = exchange;
    return { result, images: observer.images, changed, touched: changed.touched ?? [], hasGivenOut, accept };
  }

  /** @returns a promise only where PostgreSQL has to be asked */
  #changed(answered: {
    execution: Execution;
    plan: StatementPlan;
    observer: RowObserver;
    exchange: StatementExchange;
    result: ExchangeResult;
    before: ChangedSoFar | undefined;
  }): Changed | Promise<Changed> {
    const { execution, plan, observer, exchange, result, before } = answered;
    if (result.kind !== "complete") return nothingChanged;
    const { limits, catalog } = this.#services;
    const { measured } = observer;
    const { copied } = exchange;
    const count = (rows: number, pieces: number): Changed | Promise<Changed> => {
      if (rows === 0) return nothingChanged;
      const written = { execution, plan, rows, pieces, measured, copied, limits, catalog };
      const bytes = bytesWritten(written, this);
      return typeof bytes === "number" ? { rows, bytes } : bytes.then((sum) => ({ rows, bytes: sum }));
    };
    if (before === undefined) return count(changedRowsBy(execution.statement, result.tag), 0);
    return changedSoFar(this).then(async ({ rows, pieces, tables }) => ({
      ...(await count(rows - before.rows, pieces - before.pieces)),
      touched: tables,
    }));
  }

  /** Sends an exchange, with BEGIN in front of the first one, and watches whether it waits for a lock. */
  async #exchange(bytes: Buffer, exchange: StatementExchange): Promise<ExchangeResult> {
    const { backend } = this.lease;
    this.#underWay = exchange;
    this.#services.watch.began(backend.processId);
    if (this.#opening === undefined) backend.send(bytes, exchange);
    else {
      const opening = this.#opening;
      this.#opening = undefined;
      backend.together(() => {
        backend.send(opening, answerAwaitedByTheNext);
        backend.send(bytes, exchange);
      });
    }
    try {
      return await exchange.result;
    } finally {
      this.#underWay = undefined;
      this.#services.watch.answered(backend.processId);
    }
  }

  /** The statement under way is a read whose client does not read on. */
  get isStalled(): boolean {
    return this.#underWay?.isStalled ?? false;
  }

  /** Ends a stalled read; its result is `interrupted`, and it is to be sent again for the rows that are left. */
  interrupt(): void {
    this.#underWay?.interrupt();
  }

  /** Opens the transaction on the backend if no statement has yet. */
  open(): void {
    if (this.#opening === undefined) return;
    this.lease.backend.send(this.#opening, answerAwaitedByTheNext);
    this.#opening = undefined;
  }

  /** One of the cluster's own statements within this transaction. @throws {PostgresError} */
  async request(text: string, values: readonly (string | null)[] = []): Promise<RequestResult> {
    this.open();
    return await this.watched(() => request(this.lease.backend, text, values));
  }

  /** Has the lock watch see to it that nothing on the backend waits for an idle transaction. */
  async watched<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#services.watch.began(this.processId);
    try {
      return await work();
    } finally {
      this.#services.watch.answered(this.processId);
    }
  }

  /** Frees row and table locks; the snapshot stays. */
  async toBase(): Promise<void> {
    this.open();
    this.#openPortals.clear();
    await requestSimple(this.lease.backend, rollbackToBase);
  }

  /** As `toBase`, with the transaction's settings in force again. @throws {SqlError} PostgreSQL refuses one now */
  async toSettings(): Promise<void> {
    await this.toBase();
    const result = await this.redo.runSettings(this.lease.backend);
    assert(result.kind !== "differs", "settings change no rows");
    if (result.kind === "lost") throw result.error;
    if (result.kind === "error") throw sqlErrorOf(result.fields);
  }

  /**
   * Rolls back to the base savepoint and runs the redo log.
   *
   * @returns whether the effects are in place again; `lost` when another transaction has committed one of the rows, or
   *   when a statement cannot be run again
   */
  async redoFromBase(): Promise<"done" | "lost"> {
    if (this.redo.isUnrepeatable) return "lost";
    for (let attempt = 1; attempt <= deadlockAttemptsMax; attempt++) {
      await this.toBase();
      const result = await this.watched(() => this.redo.run(this.lease.backend));
      if (result.kind === "done") {
        this.#locked = [...result.locked];
        return "done";
      }
      if (result.kind === "differs") return "lost";
      if (result.kind === "lost") throw result.error;
      const sqlstate = result.fields.get("C");
      if (sqlstate === postgresConflict.serialization || sqlstate === postgresConflict.uniqueKey)
        return "lost";
      if (isOfTheMoment(sqlstate)) throw sqlErrorOf(result.fields);
      // What was right on this snapshot fails now only because others have changed what PostgreSQL looks up beyond it:
      // a parent row gone, a table altered.
      if (sqlstate !== postgresConflict.deadlock) return "lost";
    }
    return "lost";
  }

  /**
   * Called after each statement.
   *
   * @returns the settings in force, where set_config() has run since the last call
   */
  async otherSettings(): Promise<SettingsFound | undefined> {
    if (!this.#isToldOtherSettings) return undefined;
    this.#isToldOtherSettings = false;
    const found = await settingsFound(this.lease.backend);
    this.redo.noteSettings(this.#settingsAtStart.changesTo(found.settings, "LOCAL"));
    return found;
  }

  /** From here on PostgreSQL keeps this session's values of sequences on the backend. */
  async #claimSequences(): Promise<void> {
    this.#usesSequences = true;
    if (this.#sequences.claim(this.lease.backend)) await this.request("DISCARD SEQUENCES");
  }

  /** RESET ALL has made PostgreSQL forget what the session has brought along. */
  async #tellSequences(): Promise<void> {
    const text = this.#sequences.settingText;
    if (text !== "") await requestSimple(this.lease.backend, text);
  }

  /** Reads what the transaction has got from sequences. */
  async #collectSequences(): Promise<void> {
    if (!this.#usesSequences) return;
    this.#usesSequences = false;
    const { rows } = await this.request("SELECT pg_dsql.sequence_values()");
    this.#sequences.add(rows[0]?.[0] ?? "");
  }

  #noteOtherSettings(): void {
    this.lease.backend.hasOtherSettings = false;
    this.#hasOtherSettings = true;
    this.#isToldOtherSettings = true;
  }

  /** PostgreSQL has had to write something for it. */
  async hasEffects(): Promise<boolean> {
    const { rows } = await this.request("SELECT pg_catalog.pg_current_xact_id_if_assigned()");
    return rows[0]?.[0] !== null;
  }

  /** Rows are locked whose locks have yet to count as written. */
  get hasLocked(): boolean {
    return this.#locked.length > 0;
  }

  /**
   * Makes PostgreSQL count the rows of FOR UPDATE as written.
   *
   * @param unseen - rows that no statement has shown
   * @returns its error, if there is one
   */
  async touchLocked(unseen: readonly LockedRows[]): Promise<ErrorFieldMap | undefined> {
    const locked = [...this.#locked, ...unseen];
    return locked.length === 0 ? undefined : await touchLockedRows(this, locked);
  }

  /** The rows locked FOR KEY SHARE. */
  get keyShares(): readonly KeyShare[] {
    return keySharesOf(this.#locked);
  }

  /** Marks of the rows of a table that are locked FOR UPDATE. */
  lockedOf({ oid }: Table): readonly string[] {
    return this.#locked
      .filter(({ table, strength }) => table.oid === oid && strength === "update")
      .flatMap(({ marks }) => marks);
  }

  /** Rows are locked FOR UPDATE in a relation of that name. */
  hasLockedIn(relation: string): boolean {
    return this.#locked.some(({ table, strength }) => table.name === relation && strength === "update");
  }

  /**
   * @param settings - those that hold after it, as far as SET has changed them
   * @returns the settings that hold where set_config() has run
   * @throws {SqlError} a deferred constraint is violated; the transaction is rolled back then. Of any other error the COMMIT
   *   may have taken effect.
   */
  async commit(settings: Settings): Promise<SettingsFound | undefined> {
    const { backend } = this.lease;
    try {
      this.open();
      await this.#collectSequences();
      const { tag } = await this.watched(() => requestSimple(backend, "COMMIT"));
      assert(tag === "COMMIT", "PostgreSQL commits an active transaction");
    } catch (error) {
      throw error instanceof PostgresError ? sqlErrorOf(error.fields) : error;
    }
    const left = this.#hasOtherSettings ? await settingsFound(backend) : undefined;
    backend.hasOtherSettings = false;
    // What the backend knows itself counts before what it was told, so it need not be told what it has just given.
    backend.settings = this.#sequences.beside(left?.settings ?? settings);
    this.lease.release();
    return left;
  }

  async rollback(): Promise<void> {
    const { backend } = this.lease;
    try {
      if (this.#usesSequences) {
        await this.toBase();
        await this.#collectSequences();
      }
      backend.settings = this.#sequences.beside(this.#settingsAtStart);
      if (this.#opening === undefined) await requestSimple(backend, "ROLLBACK");
      backend.hasOtherSettings = false;
      this.lease.release();
    } catch {
      this.lease.release("broken"); // Its transaction ended with the connection.
    }
  }

  #substituted(execution: Execution, { text }: StatementPlan, addedColumns: number): Execution {
    if (text === undefined) return execution;
    return {
      ...execution,
      prepared: this.#services.texts.formOf(execution.prepared, text),
      bindArguments: withTextColumns(execution.bindArguments, addedColumns),
    };
  }
}

const nothingChanged: Changed = { rows: 0, bytes: 0 };

/** A list of one format per column has to name the added columns too. */
function withTextColumns(bindArguments: Buffer, added: number): Buffer {
  const { formats, values, resultFormats } = decodeBindArguments(bindArguments);
  if (resultFormats.length < 2) return bindArguments;
  return encodeBindArguments(formats, values, [...resultFormats, ...Array.from({ length: added }, () => 0)]);
}

/** BEGIN cannot fail on a healthy backend, and on a broken one the statement behind it hears so too. */
const answerAwaitedByTheNext: Receiver = {
  message: () => undefined,
  ready: () => undefined,
  lost: () => undefined,
};
