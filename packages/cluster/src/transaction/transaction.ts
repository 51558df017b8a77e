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
import { assert, AssertionError, SqlError } from "../base/index.ts";
import type { Statement } from "../sql/index.ts";
import type { ErrorFieldMap } from "../wire/index.ts";
import { PostgresError } from "./backend/request.ts";
import type { Execution, Outcome, Sink } from "./execution.ts";
import { deadlockAttemptsMax, Hold, type Sent } from "./hold.ts";
import { changedRowsOf } from "./limits.ts";
import { areHeld } from "./locking.ts";
import { isStalePlan, postgresConflict, sqlErrorOf } from "./postgres-errors.ts";
import type { TransactionServices } from "./services.ts";
import type { Settings } from "./settings.ts";
import { Shadow } from "./shadow/shadow.ts";
import { ShadowTable } from "./shadow/shadow-table.ts";
import type { ExchangeResult } from "./statement-exchange.ts";
import { type TransactionState, transitions } from "./state.ts";
import { whoHoldsKey } from "./unique-key.ts";

/** An expired transaction is cleared away so long after its limit; while a statement runs, again and again. */
const expiryGraceMs = 1_000;

export interface TransactionOptions {
  readonly role: string;
  readonly readOnly: boolean;
  /** Opened by the server for statements outside a block: a conflict is heard at the statement. */
  readonly isImplicit: boolean;
  /** Settings of the session now. */
  readonly settings: () => Settings;
  /** Schemas in which unqualified names are looked up now. */
  readonly searchPath: () => readonly string[];
}

export class Transaction {
  readonly options: TransactionOptions;
  readonly #services: TransactionServices;
  readonly #beganMs: number;
  /** The catalog as it was when the first statement came. */
  #catalogVersion = 0;
  /** Names of the relations it has touched, for OC001. */
  readonly #relations = new Set<string>();
  #state: TransactionState = "unstarted";
  #hold: Hold | undefined;
  #shadow: Shadow | undefined;
  #parking: Promise<void> | undefined;
  #isUnderWay = false;
  #isImplicit: boolean;
  #changedRows = 0;
  #hasWritten = false;
  /** Names of the relations in which it has freed keys. */
  readonly #freedKeysOf = new Set<string>();
  /** Where its snapshot stands in the order of commits. */
  #snapshotSequence = 0;
  #catalogChange:
    { readonly relations: ReadonlySet<string> | undefined; readonly isCreation: boolean } | undefined;
  #afterCommit: (() => Promise<void>) | undefined;
  #settingsLeft: Settings | undefined;
  #stopExpiry: (() => void) | undefined;

  constructor(services: TransactionServices, options: TransactionOptions) {
    this.#services = services;
    this.options = options;
    this.#isImplicit = options.isImplicit;
    this.#beganMs = services.clock.nowMs();
  }

  get state(): TransactionState {
    return this.#state;
  }

  /** It has changed the catalog, or is about to. */
  get changesCatalog(): boolean {
    return this.#catalogChange !== undefined;
  }

  get isImplicit(): boolean {
    return this.#isImplicit;
  }

  /** It will answer by itself, without its client's doing. */
  get isAtWork(): boolean {
    return this.#isUnderWay && !(this.#hold?.isStalled ?? false);
  }

  /** The session's settings after a commit, where set_config() has left others than `options.settings` knows of. */
  get settingsLeft(): Settings | undefined {
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
    this.#checkKind(execution.statement);
    this.#noteRelations(execution.statement);
    return await this.#underWay(async () => {
      if (this.#state === "doomed") return await this.#runDoomed(execution, sink);
      return await this.#runNatively(execution, sink);
    });
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
  noteCatalogChange(relations: ReadonlySet<string> | undefined, isCreation = false): void {
    if (this.#catalogChange !== undefined) throw SqlError.of(errors.multipleDdl);
    if (this.#hasWritten) throw SqlError.of(errors.ddlWithDml);
    this.#catalogChange = { relations, isCreation };
    for (const relation of relations ?? []) this.#relations.add(relation);
  }

  /** BEGIN came after statements that had none: from now on a conflict is heard at COMMIT. */
  becomeBlock(): void {
    this.#isImplicit = false;
  }

  /** Has something done once the catalog change is committed, before the client hears of it. */
  afterCommit(run: () => Promise<void>): void {
    this.#afterCommit = run;
  }

  /**
   * @returns the command tag: ROLLBACK for a block in which a statement failed
   * @throws {SqlError} 40001 the transaction has lost; 54000 it is too old. It is over in both cases.
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
      this.#checkAge();
      await this.#decide();
      const shares = await this.#held().keyShares();
      this.#settingsLeft = await this.#held().commit(this.options.settings());
      this.#services.history.shared(shares);
      this.#services.history.freed(this.#freedKeysOf);
      await this.#over();
    } catch (error) {
      if (error instanceof SqlError && error.sqlstate === "40001") this.#announceConflict(error);
      await this.rollback();
      throw error;
    } finally {
      this.#isUnderWay = false;
    }
    return "COMMIT";
  }

  async rollback(): Promise<void> {
    if (this.#state === "ended") return;
    this.#enter("ended");
    await this.#giveBack();
  }

  /** A statement failed: effects and locks are given up at once; the block stays open for the client to end. */
  async fail(): Promise<void> {
    if (this.#state === "failed" || this.#state === "ended") return;
    this.#enter("failed");
    await this.#giveBack();
  }

  /** Ends the statement under way, if there is one. */
  cancel(): void {
    if (this.#isUnderWay) void this.#hold?.lease.backend.cancel();
  }

  /**
   * Gives up row and table locks; the snapshot stays. Called by the lock watch when a statement of another transaction
   * waits for this one.
   */
  park(): void {
    if (this.#state !== "active" || this.isAtWork) return;
    if (this.#isUnderWay) this.#hold?.interrupt();
    else this.#stepBack();
  }

  #stepBack(): void {
    this.#enter("parked");
    this.#services.events.emit("transactionParked", { processId: this.processId });
    // Its failure is heard with the next exchange on the backend, which fails too.
    this.#parking = this.#held()
      .toBase()
      .catch(() => undefined);
  }

  /** The frame around everything that uses the backend: leased, awake, resumed, not to be parked. */
  async #underWay<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#checkAge();
    this.#isUnderWay = true;
    this.#hold?.lease.busy();
    try {
      if (this.#state === "unstarted") await this.#start();
      if (this.#state === "parked") await this.#resume();
      return await work();
    } catch (error) {
      throw error instanceof PostgresError ? sqlErrorOf(error.fields) : error;
    } finally {
      this.#isUnderWay = false;
      this.#hold?.lease.idle();
    }
  }

  async #start(): Promise<void> {
    const { role, readOnly } = this.options;
    this.#catalogVersion = this.#services.catalogVersions.current;
    this.#snapshotSequence = this.#services.history.sequence;
    this.#hold = await Hold.take(this.#services, { role, readOnly, settings: this.options.settings() });
    this.#enter("active");
    this.#services.watch.opened(this);
    this.#expireInTime();
  }

  /**
   * A client that thinks past the age limit cannot commit any more, so its snapshot and locks need not wait until it says
   * something: an index build would wait for them. A statement under way is not interrupted; its client hears at the next.
   */
  #expireInTime(): void {
    const { clock, limits } = this.#services;
    const leftMs = this.#beganMs + limits.ageMsMax - clock.nowMs();
    this.#stopExpiry = clock.setTimer(Math.max(0, leftMs) + expiryGraceMs, () => {
      if (this.#isUnderWay) this.#expireInTime();
      else if (this.#state !== "ended") this.#giveBack().catch(() => undefined); // Its backend is gone: given back, too.
    });
  }

  async #resume(): Promise<void> {
    await this.#parking;
    this.#services.events.emit("transactionResumed", { processId: this.processId });
    if ((await this.#held().redoFromBase()) === "done") this.#enter("active");
    else await this.#doom();
  }

  async #runNatively(execution: Execution, sink: Sink): Promise<Outcome> {
    const planned = this.#services.plans.for(execution.statement, this.#searchPath());
    let plan = planned instanceof Promise ? await planned : planned;
    if (plan.freesKeys) this.#noteFreedKeys(execution.statement);
    const mayMeetGoneKey = plan.takesKeys && this.#mayMeetGoneKey(execution.statement);
    if (mayMeetGoneKey) plan = await this.#services.plans.recorded(execution.statement, this.#searchPath());
    let current = execution;
    for (let attempt = 1; ; attempt++) {
      const sent = await this.#held().send(current, plan, sink);
      if (sent.result.kind === "lost") throw sent.result.error;
      if (sent.result.kind === "interrupted")
        return await this.#runTheRest(execution, sent.result.rows, sink);
      if (sent.result.kind !== "error") {
        if (mayMeetGoneKey && (await this.#meetsGoneKey(sent, execution.statement)))
          return await this.#runOnSnapshot(execution, sink);
        this.#countRows(sent.result, execution.statement);
        sent.accept();
        return outcomeOf(sent.result);
      }
      if (isStalePlan(sent.result.fields) && attempt < deadlockAttemptsMax) {
        current = { ...execution, prepared: this.#services.texts.renew(execution.prepared) };
        if ((await this.#held().redoFromBase()) === "done") continue;
      } else if ((await this.#judge(sent.result.fields, attempt)) === "again") continue;
      // ON CONFLICT DO NOTHING loses nothing to a row that it leaves alone.
      if (hasOnConflict(execution.statement)) return await this.#runOnSnapshot(execution, sink);
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

  /** A row that the snapshot still shows may be gone from PostgreSQL's unique indexes. */
  #mayMeetGoneKey(statement: Statement): boolean {
    if (statement.kind !== "write") return false;
    const { history } = this.#services;
    return statement.analysis.relations.some(
      ({ role, name }) => role === "target" && history.hasFreedKeys(name, this.#snapshotSequence),
    );
  }

  async #meetsGoneKey({ images }: Sent, statement: Statement): Promise<boolean> {
    if (images !== undefined) {
      if (images.command === "delete" || images.rows.length === 0) return false;
      return (await new ShadowTable(images.table).duplicate(this.#held(), images.rows)) !== undefined;
    }
    // A data-modifying CTE: its rows cannot be told from outside, so every key of its tables is looked at.
    if (statement.kind !== "write") return false;
    for (const relation of statement.analysis.relations.filter(({ role }) => role === "target")) {
      const table = await this.#services.catalog.table(relation, this.#searchPath());
      if (table !== undefined && (await new ShadowTable(table).duplicate(this.#held())) !== undefined)
        return true;
    }
    return false;
  }

  /**
   * Answers from the snapshot what PostgreSQL, which looks keys up in the present, has answered otherwise. A statement
   * that changes nothing leaves the transaction as it was.
   */
  async #runOnSnapshot(execution: Execution, sink: Sink): Promise<Outcome> {
    const hold = this.#held();
    await hold.toSettings();
    const shadow = this.#makeShadow();
    await shadow.replay(hold.redo.entries);
    const result = await shadow.run(execution, sink);
    if (result.kind === "complete" && changedRowsOf(result.tag) === 0) {
      if ((await hold.redoFromBase()) === "lost") await this.#doom();
      return outcomeOf(result);
    }
    if (result.kind !== "error") await this.#doom();
    if (this.#state === "doomed") this.#shadow = shadow;
    this.#countRows(result, execution.statement);
    return outcomeOf(result);
  }

  #makeShadow(): Shadow {
    return new Shadow({ hold: this.#held(), services: this.#services, searchPath: () => this.#searchPath() });
  }

  /**
   * What an error of PostgreSQL means here.
   *
   * @returns `again`: the statement is to be sent again; `lost`: the transaction can never commit
   * @throws {SqlError} the client's own error
   */
  async #judge(fields: ErrorFieldMap, attempt: number): Promise<"again" | "lost"> {
    const sqlstate = fields.get("C");
    if (sqlstate === postgresConflict.serialization) return "lost";
    if (sqlstate === postgresConflict.deadlock && attempt < deadlockAttemptsMax) {
      return (await this.#held().redoFromBase()) === "done" ? "again" : "lost";
    }
    if (sqlstate === postgresConflict.uniqueKey) {
      if ((await this.#held().redoFromBase()) === "lost") return "lost";
      if ((await whoHoldsKey(this.#held(), this.#services.system, fields)) === "another") return "lost";
    }
    throw sqlErrorOf(fields);
  }

  /** From here on the transaction holds nothing but its snapshot, and lives in its shadow. */
  async #doom(): Promise<void> {
    if (this.#isImplicit) throw SqlError.of(errors.dataConflict);
    this.#enter("doomed");
    this.#services.events.emit("transactionDoomed", { processId: this.processId });
    const hold = this.#held();
    await hold.toSettings();
    this.#shadow = this.#makeShadow();
    await this.#shadow.replay(hold.redo.entries);
  }

  async #runDoomed(execution: Execution, sink: Sink): Promise<Outcome> {
    assert(this.#shadow !== undefined, "a doomed transaction has a shadow");
    const result = await this.#shadow.run(execution, sink);
    this.#countRows(result, execution.statement);
    return outcomeOf(result);
  }

  /** The verdict at COMMIT. @throws {SqlError} 40001 */
  async #decide(): Promise<void> {
    if (this.#state === "parked") {
      if (this.#held().redo.isEmpty) await this.#parking;
      else await this.#resume();
    }
    if (this.#state === "doomed") throw SqlError.of(errors.dataConflict);
    if (this.#services.catalogVersions.conflicts(this.#catalogVersion, this.#relations)) {
      throw SqlError.of(errors.schemaConflict);
    }
    if (await this.#meetsKeyShare()) throw SqlError.of(errors.dataConflict);
    for (let attempt = 1; ; attempt++) {
      const refused = await this.#held().touchLocked();
      if (refused === undefined) return;
      if ((await this.#judge(refused, attempt)) === "lost") throw SqlError.of(errors.dataConflict);
    }
  }

  /** Whether it removes a row, changes its key or locks it, that another had locked FOR KEY SHARE and committed. */
  async #meetsKeyShare(): Promise<boolean> {
    const { history, system } = this.#services;
    for (const share of history.keySharesSince(this.#snapshotSequence, this.#relations)) {
      if (await areHeld(system, share)) return true;
    }
    return false;
  }

  async #over(): Promise<void> {
    this.#stopExpiry?.();
    const processId = this.processId;
    this.#services.watch.ended(processId);
    this.#hold = undefined;
    // A parked transaction without effects commits from where it stands.
    this.#state = "ended";
    const change = this.#catalogChange;
    if (change !== undefined) this.#services.catalogVersions.changed(change.relations, change.isCreation);
    this.#services.events.emit("transactionCommitted", { changedRows: this.#changedRows });
    await this.#afterCommit?.();
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

  #announceConflict(error: SqlError): void {
    const occ = error.message.includes("OC001") ? "OC001" : "OC000";
    this.#services.events.emit("transactionConflicted", { occ });
  }

  #searchPath(): readonly string[] {
    return this.options.searchPath();
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

  #checkAge(): void {
    const ageMs = this.#services.clock.nowMs() - this.#beganMs;
    const { ageMsMax } = this.#services.limits;
    if (ageMs <= ageMsMax) return;
    throw SqlError.of(errors.ageLimit, {
      detail: `Current transaction age ${Math.floor(ageMs / 1_000)}s exceeds ${ageMsMax / 1_000}s`,
    });
  }

  #checkKind(statement: Statement): void {
    if (statement.kind !== "write") return;
    if (this.#catalogChange !== undefined) throw SqlError.of(errors.ddlWithDml);
    this.#hasWritten = true;
  }

  #noteFreedKeys(statement: Statement): void {
    if (statement.kind !== "write") return;
    for (const relation of statement.analysis.relations) {
      if (relation.role === "target") this.#freedKeysOf.add(relation.name);
    }
  }

  #noteRelations(statement: Statement): void {
    if (statement.kind !== "read" && statement.kind !== "write") return;
    for (const relation of statement.analysis.relations) this.#relations.add(relation.name);
  }

  #countRows(result: ExchangeResult, statement: Statement): void {
    if (result.kind === "complete" && statement.kind === "write")
      this.noteChangedRows(changedRowsOf(result.tag));
  }

  /**
   * Counts rows that a statement has changed. The caller does it for a statement whose command tag does not say.
   *
   * @throws {SqlError} 54000 they are too many
   */
  noteChangedRows(rows: number): void {
    this.#changedRows += rows;
    const { rowsMax } = this.#services.limits;
    if (this.#changedRows <= rowsMax) return;
    throw SqlError.of(errors.rowLimit, {
      detail: `The transaction has changed ${this.#changedRows} rows; the limit is ${rowsMax}.`,
      hint: "Split the work into several transactions of 500 to 1,000 rows each.",
    });
  }
}

function hasOnConflict(statement: Statement): boolean {
  return statement.kind === "write" && statement.analysis.dml?.onConflict !== undefined;
}

function outcomeOf(result: ExchangeResult): Outcome {
  switch (result.kind) {
    case "complete":
      return { kind: "complete", tag: result.tag };
    case "suspended":
      return { kind: "suspended", rows: result.rows };
    case "empty":
      return { kind: "empty" };
    case "interrupted":
      throw new AssertionError("only a read of an open transaction is interrupted");
    case "error":
      throw sqlErrorOf(result.fields);
    case "lost":
      throw result.error;
  }
}
