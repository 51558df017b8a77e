/**
 * One transaction: from BEGIN to COMMIT or ROLLBACK, or one statement alone.
 *
 * Statements run on a backend leased with the first of them. What differs from PostgreSQL is when the client hears of
 * a conflict: never by waiting, and at COMMIT.
 *
 * Always true
 * - At most one statement is under way; only a transaction with none under way is parked.
 * - A parked transaction holds no row lock and no table lock.
 * - Parking and resuming change no answer that the client has already received.
 * - A transaction that commits has held the locks of all its rows since its last redo, so nobody committed them meanwhile.
 *
 * Source: Aurora DSQL User Guide, "Concurrency control in Aurora DSQL".
 * Tests: conformance/isolation, simulation.
 */
import { errors } from "@dsql-local/spec";
import { type Actor, assert, type FaultPlace, type OpenTransaction, SqlError } from "../base/index.ts";
import type { ErrorFieldMap } from "../wire/index.ts";
import {
  PostgresError,
  requestSimple,
  type SequenceValues,
  type Settings,
  type SettingsFound,
} from "../backend/index.ts";
import { quoteName } from "../catalog/index.ts";
import { decide, lossOf, settle, type Standing } from "./commit/verdict.ts";
import { applicationNameIn } from "./commit/loss.ts";
import { LossTeller } from "./commit/loss-teller.ts";
import type { Execution, Outcome, Sink } from "./exchange/execution.ts";
import { sqlErrorOf } from "./exchange/postgres-errors.ts";
import type { ExchangeResult } from "./exchange/statement-exchange.ts";
import { type CatalogChange, Footprint } from "./footprint.ts";
import { Hold } from "./hold.ts";
import { Budget } from "./limits/budget.ts";
import { changedRowsBy } from "./rows/changed-rows.ts";
import { checkDeclaredKeys } from "./limits/declared-keys.ts";
import { expireInTime } from "./limits/expiry.ts";
import { Patience } from "./limits/patience.ts";
import { type NativeEnd, NativeRun, outcomeOf } from "./native-run.ts";
import type { TransactionServices } from "./services.ts";
import { SnapshotAnswers } from "./snapshot-answers.ts";
import { type TransactionState, transitions } from "./state.ts";

export interface TransactionOptions {
  /** 0 for what the cluster does itself. */
  readonly sessionId?: number | undefined;
  readonly role: string;
  /** Opened by the server for statements outside a block: a conflict is heard at the statement. */
  readonly isImplicit: boolean;
  /** Settings of the session now. */
  readonly settings: () => Settings;
  /** Schemas in which unqualified names are looked up now. */
  readonly searchPath: () => readonly string[];
  /** Whose it is: backends that serve one session only find it by this. */
  readonly session: object;
  readonly sequences: SequenceValues;
  /** set_config() has run in a statement: what is in force from now on. */
  readonly settingsChanged: (found: SettingsFound) => void;
}

/** Transactions of this process so far, over all clusters. */
let transactions = 0;

export class Transaction {
  readonly options: TransactionOptions;
  readonly #number = (transactions += 1);
  readonly #services: TransactionServices;
  readonly #budget: Budget;
  readonly #patience: Patience;
  readonly #footprint = new Footprint();
  readonly #loss: LossTeller;
  #state: TransactionState = "unstarted";
  #standing: Standing = { catalogVersion: 0, sequence: 0 };
  #hold: Hold | undefined;
  /** Where its answers come from once it is doomed. */
  #snapshot: SnapshotAnswers | undefined;
  #parking: Promise<void> | undefined;
  #isUnderWay = false;
  /** Something is under way, but not on the backend. */
  #isAside = false;
  #isImplicit: boolean;
  #isReadOnly = false;
  #isDeferrable = false;
  readonly #afterCommit: (() => Promise<void>)[] = [];
  #settingsLeft: SettingsFound | undefined;
  #stopExpiry: (() => void) | undefined;

  constructor(services: TransactionServices, options: TransactionOptions) {
    this.#services = services;
    this.options = options;
    this.#isImplicit = options.isImplicit;
    this.#budget = new Budget(services.clock, services.limits);
    this.#patience = new Patience(services.clock, this.#budget);
    this.#loss = new LossTeller(services, this.#footprint);
  }

  get actor(): Actor {
    const { sessionId = 0, role, settings } = this.options;
    return {
      transaction: `t${this.#number}`,
      sessionId,
      role,
      applicationName: applicationNameIn(settings()),
    };
  }

  #announce(name: `transaction${"Begun" | "Parked" | "Resumed" | "Doomed" | "RolledBack"}`): void {
    const { events } = this.#services;
    if (events.hasSubscribers(name)) events.emit(name, { ...this.actor, processId: this.processId });
  }

  get state(): TransactionState {
    return this.#state;
  }

  /** It has changed the catalog, or is about to. */
  get changesCatalog(): boolean {
    return this.#footprint.catalogChange !== undefined;
  }

  /** The version of the catalog that it began with; undefined before it has. */
  get catalogVersion(): number | undefined {
    return this.#state === "unstarted" ? undefined : this.#standing.catalogVersion;
  }

  get isImplicit(): boolean {
    return this.#isImplicit;
  }

  /** As it is told to those who look. */
  get told(): OpenTransaction {
    const { ageMs, rows: changedRows, bytes: writtenBytes } = this.#budget;
    return { id: `t${this.#number}`, state: this.#state, ageMs, changedRows, writtenBytes };
  }

  /** It has written or locked rows, or changed the catalog. */
  get hasEffects(): boolean {
    return this.#footprint.hasEffects;
  }

  get isReadOnly(): boolean {
    return this.#isReadOnly;
  }

  /** It will answer by itself, without its client's doing. */
  get isAtWork(): boolean {
    return this.#isUnderWay && !this.#isAside && !(this.#hold?.isStalled ?? false);
  }

  /** The session's settings after a commit, where set_config() may have left others than `options.settings` knows of. */
  get settingsLeft(): SettingsFound | undefined {
    return this.#settingsLeft;
  }

  get processId(): number {
    return this.#hold?.processId ?? 0;
  }

  /**
   * Runs a statement. Its answer goes to the sink; the command tag is the caller's to send.
   *
   * @throws {SqlError} the statement failed, or 40001 in a transaction without a block. The caller calls `fail` then.
   * @throws {BackendLost} PostgreSQL went away
   */
  async run(execution: Execution, sink: Sink): Promise<Outcome> {
    this.#footprint.note(execution.statement);
    return await this.#underWay(async () => {
      if (this.#state === "doomed") return await this.#runDoomed(execution, sink);
      const outcome = await this.#runNatively(execution, sink);
      const other = await this.#held().otherSettings();
      if (other !== undefined) this.options.settingsChanged(other);
      if (execution.statement.kind === "ddl") await this.#checkNewKeys();
      return outcome;
    });
  }

  /** Judges the indexes that it has made so far. @throws {SqlError} 54000 a key is declared too wide */
  async checkNewKeys(): Promise<void> {
    await this.#underWay(() => this.#checkNewKeys());
  }

  async #checkNewKeys(): Promise<void> {
    await checkDeclaredKeys(this.#held(), this.#services.limits.declaredKeyBytesMax);
  }

  /**
   * A statement of the cluster's own inside this transaction, such as a row in a system table.
   *
   * @throws {SqlError} PostgreSQL refuses it
   */
  async request(
    text: string,
    values: readonly (string | null)[] = [],
  ): Promise<readonly (readonly (string | null)[])[]> {
    return await this.#underWay(async () => (await this.#held().request(text, values)).rows);
  }

  /** Whether the relation that a name leads to now was created after the transaction's snapshot. */
  async isNewer(schema: string | undefined, name: string): Promise<boolean> {
    if (this.#state === "doomed") return false; // Its answers come from tables of its own.
    const text = schema === undefined ? quoteName(name) : `${quoteName(schema)}.${quoteName(name)}`;
    // The name is looked up in the catalog as it is now, the row as the snapshot has it.
    const [row] = await this.request(
      `SELECT pg_catalog.to_regclass($1) IS NOT NULL
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.oid = pg_catalog.to_regclass($1))`,
      [text],
    );
    return row?.[0] === "t";
  }

  /**
   * The same as a simple Query, in which a parameter has no value: how PostgreSQL makes a generic plan.
   *
   * @throws {SqlError} PostgreSQL refuses it
   */
  async requestSimple(text: string): Promise<readonly (readonly (string | null)[])[]> {
    return await this.useBackend(async (hold) => (await requestSimple(hold.lease.backend, text)).rows);
  }

  /** Takes back everything since BEGIN but its settings, and with it all locks. */
  async undo(): Promise<void> {
    await this.#underWay(async () => {
      this.#held().redo.keepSettings();
      await this.#held().toSettings();
    });
  }

  /** Lends the backend for an exchange that changes nothing, such as the description of a statement. */
  async useBackend<Result>(use: (hold: Hold) => Promise<Result>): Promise<Result> {
    return await this.#underWay(async () => {
      const hold = this.#held();
      hold.open();
      return await hold.watched(() => use(hold));
    });
  }

  /**
   * Counts a catalog change.
   *
   * @param relations - the names it concerns; undefined: any
   * @param isCreation - it makes something new and changes nothing that was there
   * @throws {SqlError} 0A000 a second one, or one beside changed rows
   */
  noteCatalogChange(relations: CatalogChange["relations"], isCreation = false): void {
    this.#footprint.noteCatalogChange({ relations, isCreation });
  }

  /** The catalog change has turned out to change nothing: IF NOT EXISTS found what it looked for. */
  leaveCatalog(): void {
    this.#footprint.leaveCatalog();
  }

  /** BEGIN came after statements that had none: from now on a conflict is heard at COMMIT. */
  becomeBlock(): void {
    this.#isImplicit = false;
  }

  /**
   * BEGIN DEFERRABLE or NOT DEFERRABLE: it is shown, and nothing else comes of it.
   *
   * @throws {SqlError} 25001 statements have already run
   */
  changeDeferrable(isDeferrable: boolean): void {
    if (this.#state !== "unstarted") {
      const message = "SET TRANSACTION [NOT] DEFERRABLE must be called before any query";
      throw new SqlError({ sqlstate: "25001", message });
    }
    this.#isDeferrable = isDeferrable;
  }

  /**
   * BEGIN READ ONLY or READ WRITE.
   *
   * @returns `underWay` where statements have already run: the caller has PostgreSQL run SET TRANSACTION READ ONLY
   * @throws {SqlError} 25001 statements have already run, and what is read only stays so
   */
  changeAccessMode(readOnly: boolean): "unstarted" | "underWay" | "unchanged" {
    if (readOnly === this.#isReadOnly) return "unchanged";
    if (this.#state !== "unstarted" && !readOnly) {
      const message = "transaction read-write mode must be set before any query";
      throw new SqlError({ sqlstate: "25001", message });
    }
    this.#isReadOnly = readOnly;
    return this.#state === "unstarted" ? "unstarted" : "underWay";
  }

  /** Has something done once the catalog change is committed, before the client hears of it. */
  afterCommit(run: () => Promise<void>): void {
    this.#afterCommit.push(run);
  }

  /**
   * Counts rows that a statement has changed. The caller does it for a statement whose command tag does not say.
   *
   * @throws {SqlError} 54000 they are too many
   */
  noteChangedRows(rows: number): void {
    this.#budget.addRows(rows);
  }

  /**
   * @returns the command tag: ROLLBACK for a block in which a statement failed
   * @throws {SqlError} 40001 the transaction has lost; 54000 it is too old or too large. It is over in all these cases.
   */
  async commit(): Promise<"COMMIT" | "ROLLBACK"> {
    if (this.#state === "failed" || this.#state === "unstarted") {
      const tag = this.#state === "failed" ? "ROLLBACK" : "COMMIT";
      await this.rollback();
      return tag;
    }
    this.#isUnderWay = true;
    this.#hold?.lease.busy();
    try {
      this.#budget.checkAge();
      if (this.#state !== "doomed") this.#budget.checkBytes();
      await this.#decide();
      this.#injectConflict();
      this.#settingsLeft = await settle(
        this.#services,
        this.#held(),
        this.#footprint,
        this.options.settings(),
        this.actor,
      );
      await this.#over();
    } catch (error) {
      const told = this.#loss.tell(error, this.actor, this.#hold);
      await this.rollback();
      throw told;
    } finally {
      this.#isUnderWay = false;
    }
    return "COMMIT";
  }

  /** Faults on demand. Whoever has nothing to write loses nothing, as without them. @throws {SqlError} 40001 */
  #injectConflict(): void {
    if (!this.#footprint.hasEffects) return;
    const { faults } = this.#services;
    const place = this.place;
    const fact =
      faults.take("conflict", place) !== undefined
        ? errors.dataConflict
        : faults.take("schema-conflict", place) !== undefined
          ? errors.schemaConflict
          : undefined;
    if (fact === undefined) return;
    this.#loss.noteInjected();
    throw SqlError.of(fact);
  }

  /** What a fault may be meant for. */
  get place(): FaultPlace {
    const { role, settings } = this.options;
    return {
      role,
      applicationName: applicationNameIn(settings()),
      tables: this.#footprint.relations,
    };
  }

  async rollback(): Promise<void> {
    if (this.#state === "ended") return;
    if (this.#state !== "unstarted") this.#announce("transactionRolledBack");
    this.#enter("ended");
    await this.#giveBack();
  }

  /** A statement failed: effects and locks are given up at once; the block stays open for the client to end. */
  async fail(): Promise<void> {
    if (this.#state === "failed" || this.#state === "ended") return;
    this.#enter("failed");
    await this.#giveBack();
  }

  /** Ends the statement under way, if there is one, or its waiting for a backend. */
  cancel(): void {
    this.#patience.cancel();
    if (this.#isUnderWay) void this.#hold?.lease.backend.cancel();
  }

  /**
   * Gives up row and table locks; the snapshot stays. Called by the lock watch when a statement of another transaction
   * waits for this one.
   */
  park(): void {
    if (this.#state !== "active" || this.isAtWork) return;
    if (this.#isUnderWay && !this.#isAside) this.#hold?.interrupt();
    else this.#stepBack();
  }

  #stepBack(): void {
    this.#enter("parked");
    this.#announce("transactionParked");
    // Its failure is heard with the next exchange on the backend, which fails too.
    this.#parking = this.#held()
      .toBase()
      .catch(() => undefined);
  }

  /** The frame around everything that uses the backend: leased, awake, resumed, not to be parked. */
  async #underWay<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#budget.checkAge();
    this.#isUnderWay = true;
    this.#hold?.lease.busy();
    try {
      if (this.#state === "unstarted") await this.#start();
      if (this.#state === "parked") await this.#resume();
      return await work();
    } catch (error) {
      const told = this.#loss.tell(error, this.actor, this.#hold);
      throw told instanceof PostgresError ? sqlErrorOf(told.fields) : told;
    } finally {
      this.#isUnderWay = false;
      this.#hold?.lease.idle();
    }
  }

  async #start(): Promise<void> {
    const { role } = this.options;
    const modes = { readOnly: this.#isReadOnly, isDeferrable: this.#isDeferrable };
    const { catalogVersions, history } = this.#services;
    this.#standing = { catalogVersion: catalogVersions.current, sequence: history.sequence };
    this.#loss.begin();
    const settings = this.options.settings();
    const { session, sequences } = this.options;
    const patience = this.#patience;
    this.#hold = await Hold.take(this.#services, { role, modes, settings, session, sequences, patience });
    this.#enter("active");
    this.#announce("transactionBegun");
    this.#services.watch.opened(this);
    this.#stopExpiry = expireInTime(this.#services.clock, this.#budget, () => {
      // When its backend is gone, that is given back, too.
      if (!this.#isUnderWay) this.#giveBack().catch(() => undefined);
      return !this.#isUnderWay;
    });
  }

  async #resume(): Promise<void> {
    await this.#parking;
    this.#announce("transactionResumed");
    if ((await this.#held().redoFromBase()) === "done") this.#enter("active");
    else await this.#doom();
  }

  /**
   * Waits for what others have to say before the next statement is sent: a change of the catalog may be in their way, and this
   * transaction in the way of that; so it may be parked meanwhile.
   */
  async #aside<Result>(answer: Promise<Result>): Promise<Result> {
    this.#isAside = true;
    const result = await answer.finally(() => {
      this.#isAside = false;
    });
    if (this.#state === "parked") await this.#resume();
    return result;
  }

  async #runNatively(execution: Execution, sink: Sink): Promise<Outcome> {
    const planned = this.#services.plans.for(execution.statement, this.options.searchPath());
    const plan = planned instanceof Promise ? await this.#aside(planned) : planned;
    if (this.state === "doomed") return await this.#runDoomed(execution, sink);
    const run = new NativeRun(this.#services, this.#held(), {
      sequence: this.#standing.sequence,
      searchPath: this.options.searchPath(),
      footprint: this.#footprint,
      budget: this.#budget,
    });
    return await this.#goOn(await run.run(execution, plan, sink), execution, sink);
  }

  /** What follows from how a statement has ended on the backend. */
  async #goOn(end: NativeEnd, execution: Execution, sink: Sink): Promise<Outcome> {
    switch (end.kind) {
      case "answered":
        return end.outcome;
      case "interrupted":
        return await this.#runTheRest(execution, end.rows, sink);
      case "answerFromSnapshot":
        return await this.#runOnSnapshot(execution, sink);
      case "keyTaken":
        return await this.#runOnSnapshot(execution, sink, end.refused);
      case "lost":
        await this.#lookBack({ execution, refused: end.refused });
        await this.#doom();
        return await this.#runDoomed(execution, sink);
    }
  }

  /**
   * A statement stood in another's way while its client did not read on, or did not send the data of its COPY. Once the
   * client does, it runs again on the same snapshot, for the rows that the client does not have.
   */
  async #runTheRest(execution: Execution, rows: number, sink: Sink): Promise<Outcome> {
    this.#stepBack();
    await sink.drained();
    await this.#resume();
    const rest = { ...execution, describe: false, rowsSent: execution.rowsSent + rows };
    const outcome =
      this.state === "doomed" ? await this.#runDoomed(rest, sink) : await this.#runNatively(rest, sink);
    return outcome.kind === "suspended" ? { kind: "suspended", rows: outcome.rows + rows } : outcome;
  }

  /**
   * Answers from the snapshot what PostgreSQL, which looks keys up in the present, has answered otherwise. A statement
   * that changes nothing leaves the transaction as it was.
   *
   * @param refused - PostgreSQL's error for a key that it has found taken: told where the snapshot has it, too
   */
  async #runOnSnapshot(execution: Execution, sink: Sink, refused?: SqlError): Promise<Outcome> {
    const hold = this.#held();
    const snapshot = await this.#lookAtSnapshot();
    const result = await snapshot.answer(execution, sink, refused);
    if (result.kind === "complete" && changedRowsBy(execution.statement, result.tag) === 0) {
      if ((await hold.redoFromBase()) === "lost") await this.#doom();
      return outcomeOf(result);
    }
    if (result.kind !== "error") await this.#doom();
    if (this.#state === "doomed") this.#snapshot = snapshot;
    return this.#counted(execution, result);
  }

  /** From here on the transaction holds nothing but its snapshot, and lives on in that. */
  async #doom(): Promise<void> {
    await this.#lookBack();
    // What cannot be run again has left nothing that a shadow could show.
    if (this.#isImplicit || this.#held().redo.isUnrepeatable) throw SqlError.of(errors.dataConflict);
    this.#enter("doomed");
    this.#announce("transactionDoomed");
    this.#snapshot = await this.#lookAtSnapshot();
  }

  async #lookBack(met?: { execution: Execution; refused: ErrorFieldMap | undefined }): Promise<void> {
    await this.#loss.lookBack(this.#held(), this.options.searchPath(), met);
  }

  async #lookAtSnapshot(): Promise<SnapshotAnswers> {
    return await SnapshotAnswers.of(this.#services, {
      hold: this.#held(),
      footprint: this.#footprint,
      standing: this.#standing,
      searchPath: this.options.searchPath,
    });
  }

  async #runDoomed(execution: Execution, sink: Sink): Promise<Outcome> {
    assert(this.#snapshot !== undefined, "a doomed transaction answers from its snapshot");
    const { statement } = execution;
    if (this.#isReadOnly && statement.kind === "write") {
      const { command } = statement.analysis;
      throw SqlError.of(
        errors.readOnlyTransaction(command === "copyIn" ? "COPY FROM" : command.toUpperCase()),
      );
    }
    return this.#counted(execution, await this.#snapshot.answer(execution, sink));
  }

  /** What a shadow has answered. @throws {SqlError} 54000 the statement has crossed the limit of rows */
  #counted({ statement }: Execution, result: ExchangeResult): Outcome {
    if (result.kind === "complete") this.#budget.addRows(changedRowsBy(statement, result.tag));
    return outcomeOf(result);
  }

  /** The verdict at COMMIT. @throws {SqlError} 40001 */
  async #decide(): Promise<void> {
    if (this.#state === "parked") {
      if (this.#held().redo.isEmpty) await this.#parking;
      else await this.#resume();
    }
    // Rows locked before BEGIN READ ONLY are about to be touched.
    const hasLocked = this.#held().hasLocked || this.#footprint.hasCalledLocking;
    if (this.#state === "active" && hasLocked && this.#held().redo.forgetAccessMode()) {
      if ((await this.#held().redoFromBase()) === "lost") await this.#doom();
    }
    if (this.#state === "doomed") throw lossOf(this.#services, this.#footprint, this.#standing);
    await decide(this.#services, this.#held(), this.#footprint, this.#standing);
  }

  async #over(): Promise<void> {
    this.#stopExpiry?.();
    const processId = this.processId;
    this.#services.watch.ended(processId);
    this.#hold = undefined;
    // A parked transaction without effects commits from where it stands.
    this.#enter("ended");
    const { events } = this.#services;
    if (events.hasSubscribers("transactionCommitted"))
      events.emit("transactionCommitted", { ...this.actor, changedRows: this.#budget.rows });
    for (const run of this.#afterCommit) await run();
  }

  async #giveBack(): Promise<void> {
    this.#stopExpiry?.();
    const hold = this.#hold;
    this.#hold = undefined;
    if (hold === undefined) return;
    this.#services.watch.ended(hold.processId);
    await this.#parking;
    await hold.rollback();
  }

  #held(): Hold {
    assert(this.#hold !== undefined, "a started transaction holds a backend");
    return this.#hold;
  }

  #enter(state: TransactionState): void {
    const allowed: readonly TransactionState[] = transitions[this.#state];
    assert(allowed.includes(state), `a transaction goes from ${this.#state} to ${state}`);
    this.#state = state;
  }
}
