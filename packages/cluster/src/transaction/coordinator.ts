/**
 * The coordinator: runs statements in their transactions and decides when a client hears of a conflict.
 *
 * It owns what transactions share: the backends, the lock watch, the known texts, what is known of the catalog.
 */
import {
  assert,
  type Clock,
  type ClusterEvents,
  Events,
  Faults,
  type LimitValues,
  type Log,
  SqlError,
  Latency,
  type LatencyProfile,
  SessionList,
} from "../base/index.ts";
import { administratorUser, errors, holdsAsOf } from "@dsql-local/spec";
import type { Statement } from "../sql/index.ts";
import {
  Backend,
  type BackendAddress,
  BackendPool,
  type Lease,
  LockWatch,
  PostgresError,
  type PreparedText,
  request,
  type Requester,
  requestSimple,
  type RightsBreach,
  RolePasswords,
  type Settings,
  type SettingsFound,
  settingsFound,
  SystemConnection,
  systemSettings,
  TextCatalogue,
  unkept,
} from "../backend/index.ts";
import {
  Catalog,
  catalogLockTimeout,
  CatalogRequests,
  CatalogVersions,
  isShareable,
  mayUseSequences,
  type Oc001Scope,
  type SharingFacts,
} from "../catalog/index.ts";
import { CommitHistory } from "./history/commit-history.ts";
import { Looks } from "./history/looks.ts";
import { applicationNameIn, staleLossOf } from "./commit/loss.ts";
import { RecentCommits } from "./history/recent-commits.ts";
import type { Execution, Outcome, Sink } from "./exchange/execution.ts";
import { HeldAnswers } from "./exchange/held-answers.ts";
import { isStalePlan, postgresConflict, sqlErrorOf } from "./exchange/postgres-errors.ts";
import { type ExchangeResult, StatementExchange, statementFrames } from "./exchange/statement-exchange.ts";
import { Budget } from "./limits/budget.ts";
import { Patience } from "./limits/patience.ts";
import { PlanCache } from "./plan/plan.ts";
import type { SessionView, TransactionServices } from "./services.ts";
import { Transaction, type TransactionOptions } from "./transaction.ts";

/** Held back of all answers together, in bytes. One alone has a bound of its own. */
const heldAnswersBytesMax = 64 * 1024 * 1024;

export interface CoordinatorOptions {
  readonly address: () => BackendAddress;
  /** For what the cluster does itself: a role that owns nothing and may do no more than that needs. */
  readonly systemRole: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly events?: Events<ClusterEvents> | undefined;
  readonly faults?: Faults | undefined;
  readonly sessions?: SessionList | undefined;
  readonly limits: LimitValues;
  readonly oc001?: Oc001Scope | undefined;
  readonly explainConflicts?: boolean | undefined;
  readonly latency?: LatencyProfile | undefined;
  /** The rules of the service as of a date, as `rulesAsOf` takes it; `latest` by default. */
  readonly rules?: string | undefined;
  readonly livelyBackendsMax?: number | undefined;
  readonly backendsMax?: number | undefined;
}

export class Coordinator {
  readonly events: Events<ClusterEvents>;
  readonly faults: Faults;
  readonly sessions: SessionList;
  readonly latency: Latency;
  readonly #options: CoordinatorOptions;
  readonly #services: TransactionServices;
  readonly #passwords: RolePasswords;
  /** Logins, the catalog, jobs. */
  readonly #control: SystemConnection;
  /** For the catalog alone. */
  readonly #reading: SystemConnection;
  /** For the lock watch alone. */
  readonly #watching: SystemConnection;
  /** Settles when PostgreSQL is back; see `whileAway`. */
  #away: Promise<void> | undefined;
  readonly #shareable = new WeakMap<Statement, { facts: SharingFacts; isShareable: boolean }>();

  constructor(options: CoordinatorOptions) {
    this.#options = options;
    const { clock, log } = options;
    this.events = options.events ?? new Events();
    this.faults = options.faults ?? new Faults(clock, this.events);
    this.sessions = options.sessions ?? new SessionList();
    this.latency = new Latency(clock, options.latency);
    const { limits } = options;
    const connect = (): Promise<Backend> => this.#connectSystem();
    this.#watching = new SystemConnection({ name: "lock watch", connect, clock, log });
    const watch = new LockWatch({ clock, log, asker: this.#watching });
    const explain = (processId: number): Promise<string> => watch.explain(processId);
    this.#control = new SystemConnection({ name: "control", connect, clock, log, watch, explain });
    this.#reading = new SystemConnection({
      name: "catalog",
      connect: () => this.#connectSystem({ lock_timeout: catalogLockTimeout }),
      clock,
      log,
      watch,
      explain,
    });
    this.#passwords = new RolePasswords(this.#control);
    const catalog = new Catalog(new CatalogRequests(clock, this.#reading));
    const locksByKeyOnly = holdsAsOf(options.rules ?? "latest")({ until: "2026-08-24" });
    const plans = new PlanCache(catalog, { limits, locksByKeyOnly });
    const texts = new TextCatalogue();
    const catalogVersions = new CatalogVersions(options.oc001);
    catalogVersions.onChange = () => {
      catalog.forget();
      plans.clear();
      texts.clear();
    };
    const pool = new BackendPool({
      connect: (role) => this.#connect(role, limits.queryMemoryBytesMax),
      clock,
      log,
      livelyMax: options.livelyBackendsMax ?? 16,
      backendsMax: options.backendsMax ?? 1_000,
    });
    this.#services = {
      clock,
      log,
      events: this.events,
      pool,
      watch,
      texts,
      catalog,
      catalogVersions,
      plans,
      limits,
      explainsConflicts: options.explainConflicts === true,
      history: new CommitHistory(clock, limits.transactionSecondsMax * 1_000),
      commits: new RecentCommits(),
      looks: new Looks(clock),
      faults: this.faults,
      held: new HeldAnswers(heldAnswersBytesMax),
      system: this.#control,
      outside: (session, use) =>
        this.lend(session, ({ backend }) =>
          use({ request: (text, values) => request(backend, text, values) }),
        ),
    };
  }

  /** Who a backend is for is settled when it connects; one that turns out to be another's has been lost by then. */
  readonly #onBreach = (breach: RightsBreach): void => {
    this.#options.log({ event: "backend.rightsBreached", ...breach });
  };

  get catalogVersions(): CatalogVersions {
    return this.#services.catalogVersions;
  }

  get watch(): LockWatch {
    return this.#services.watch;
  }

  /** Opens what is needed before the first client; PostgreSQL must be running. */
  async start(): Promise<void> {
    await Promise.all([this.#control.open(), this.#reading.open(), this.#watching.open()]);
    await this.#services.catalog.functions();
    await this.#services.catalog.askSharing();
  }

  /**
   * Lets PostgreSQL be stopped and started again, with other data if need be. Open transactions end as by a lost connection;
   * what begins meanwhile waits. What was known of the catalog is forgotten, and nobody hears OC001 for it.
   */
  async whileAway(work: () => Promise<void>): Promise<void> {
    let over = (): void => undefined;
    this.#away = new Promise((resolve) => (over = resolve));
    try {
      this.#services.pool.disconnect();
      await work();
    } finally {
      this.#services.catalogVersions.startAgain();
      this.#passwords.forgetAll();
      this.#away = undefined;
      over();
    }
    await this.start();
  }

  /** Transactions that are open or being answered. */
  get openTransactions(): number {
    return this.#services.pool.size.leased;
  }

  close(): void {
    this.#services.watch.close();
    this.#services.pool.close();
    this.#control.close();
    this.#reading.close();
    this.#watching.close();
  }

  /** Runs the system's own statements, outside any transaction, with the system's rights. */
  get system(): Requester {
    return this.#control;
  }

  /** Runs statements as `admin` on PostgreSQL itself. What was known of the catalog is forgotten. @throws {SqlError} */
  async runPastRules(sql: string): Promise<void> {
    const backend = await this.#connect(administratorUser);
    try {
      await requestSimple(backend, sql);
    } catch (error) {
      throw error instanceof PostgresError ? sqlErrorOf(error.fields) : error;
    } finally {
      backend.close();
      this.#services.catalogVersions.onChange?.();
    }
  }

  /** A backend of its own for long work, such as an index build, without a bound on its space; the caller closes it. */
  async openBackend(role: string): Promise<Backend> {
    return await this.#connect(role);
  }

  /** The role was dropped or renamed. */
  retireRole(role: string): void {
    this.#passwords.forget(role);
    this.#services.pool.retire(role);
  }

  /**
   * The text of a statement as it is sent: kept parsed for all sessions where it means the same to all of them.
   *
   * @param context.settings - those in force; undefined where they, or the catalog, are not those that others know
   * @param context.own - what is kept for the client that has prepared the statement by name
   */
  prepare(
    statement: Statement,
    parameterTypes: readonly number[],
    context: { readonly settings: Settings | undefined; readonly own?: PreparedText | undefined },
  ): PreparedText {
    const { settings, own } = context;
    if (settings !== undefined && this.#isShareable(statement))
      return this.#services.texts.use(statement.text, parameterTypes, settings.meaning);
    return own ?? unkept(statement.text, parameterTypes);
  }

  /** What is kept of a statement that a client has prepared by name, where it cannot be shared. */
  prepareForOne(statement: Statement, parameterTypes: readonly number[]): PreparedText {
    return this.#services.texts.own(statement.text, parameterTypes);
  }

  #isShareable(statement: Statement): boolean {
    const facts = this.#services.catalog.sharing;
    if (facts === undefined) return false;
    const known = this.#shareable.get(statement);
    if (known?.facts === facts) return known.isShareable;
    const judged = { facts, isShareable: isShareable(statement, facts) };
    this.#shareable.set(statement, judged);
    return judged.isShareable;
  }

  /** The session is over: what was kept for it alone is given up. */
  endSession(session: object): void {
    this.#services.pool.endSession(session);
  }

  /** Whether a SELECT changes nothing and may run without a transaction. @returns a promise only where the catalog is asked */
  isPure(statement: Statement, settings: Settings, role: string): boolean | Promise<boolean> {
    if (mayUseSequences(statement, this.#services.catalog.sharing)) return false;
    const plan = this.#services.plans.for(statement, settings.searchPath(role));
    return plan instanceof Promise
      ? plan.then(({ callsWritingFunction }) => !callsWritingFunction)
      : !plan.callsWritingFunction;
  }

  begin(options: TransactionOptions): Transaction {
    return new Transaction(this.#services, options);
  }

  /** A session hears of a catalog change that came before its transaction: OC001, with nothing lost. */
  announceStale(session: SessionView & { readonly sessionId: number }, names: ReadonlySet<string>): void {
    if (!this.events.hasSubscribers("transactionLost")) return;
    const { sessionId, role, settings } = session;
    const actor = { transaction: "", sessionId, role, applicationName: applicationNameIn(settings) };
    this.events.emit("transactionLost", { ...actor, ...staleLossOf(this.#services, names) });
  }

  /**
   * Runs a statement that changes nothing, alone, without a block.
   *
   * @throws {SqlError} the statement failed
   */
  async runAlone(
    session: SessionView,
    execution: Execution,
    sink: Sink,
    options: {
      onStart: (cancel: () => void) => void;
      settingsAfter?: Settings | undefined;
      /** As those of a transaction. */
      settingsChanged: (found: SettingsFound) => void;
    },
  ): Promise<Outcome> {
    const run = async (lease: Lease): Promise<Outcome> => {
      const { backend } = lease;
      options.onStart(() => {
        void backend.cancel();
      });
      let result = await exchangeAlone(backend, execution, sink);
      if (result.kind === "error" && isStalePlan(result.fields)) {
        const prepared = this.#services.texts.renew(execution.prepared);
        result = await exchangeAlone(backend, { ...execution, prepared }, sink);
      }
      if (result.kind === "lost") throw result.error;
      if (result.kind === "error") {
        backend.hasOtherSettings = false; // PostgreSQL has taken them back.
        throw aloneError(result.fields);
      }
      if (options.settingsAfter !== undefined) {
        const { statement } = execution;
        const isAll = statement.kind === "reset" && statement.name === undefined;
        const after = options.settingsAfter;
        backend.settings = isAll ? after : (session.sequences?.beside(after) ?? after);
      }
      if (backend.hasOtherSettings) {
        const found = await settingsFound(backend);
        backend.settings = session.sequences?.beside(found.settings) ?? found.settings;
        backend.hasOtherSettings = false;
        options.settingsChanged(found);
      }
      if (result.kind === "complete") return { kind: "complete", tag: result.tag };
      assert(result.kind !== "interrupted", "only a read of an open transaction is interrupted");
      return result;
    };
    return await this.lend(session, run, options.onStart);
  }

  /**
   * Lends a backend outside any transaction.
   *
   * @param onStart - gets what ends the waiting for a backend
   * @throws {SqlError} none came free in time, or the waiting was cancelled
   */
  async lend<Result>(
    session: SessionView,
    use: (lease: Lease) => Promise<Result>,
    onStart?: (cancel: () => void) => void,
  ): Promise<Result> {
    const { clock, limits } = this.#services;
    const patience = new Patience(clock, new Budget(clock, limits));
    onStart?.(() => {
      patience.cancel();
    });
    const lease = await patience.during((onWait) =>
      this.#services.pool.acquire(session.role, onWait, session.session),
    );
    lease.busy();
    const { backend } = lease;
    try {
      const settings = session.sequences?.beside(session.settings) ?? session.settings;
      const change = backend.settings.changesTo(settings);
      if (change !== "") await requestSimple(backend, change);
      backend.settings = settings;
      this.#services.watch.began(backend.processId);
      return await use(lease);
    } catch (error) {
      throw error instanceof PostgresError ? sqlErrorOf(error.fields) : error;
    } finally {
      this.#services.watch.answered(backend.processId);
      lease.release(backend.hasAnswersOutstanding ? "broken" : undefined);
    }
  }

  async #connectSystem(settings: Readonly<Record<string, string>> = {}): Promise<Backend> {
    await this.#away;
    const address = this.#options.address();
    return await Backend.connect({
      address,
      user: this.#options.systemRole,
      password: "password" in address ? address.password : undefined,
      parameters: { ...systemSettings, ...settings },
      onBreach: this.#onBreach,
    });
  }

  async #connect(role: string, temporaryBytesMax?: number): Promise<Backend> {
    await this.#away;
    const address = this.#options.address();
    const password = "password" in address ? await this.#passwords.of(role) : undefined;
    return await Backend.connect({
      address,
      user: role,
      password,
      temporaryBytesMax,
      onBreach: this.#onBreach,
    });
  }
}

async function exchangeAlone(backend: Backend, execution: Execution, sink: Sink): Promise<ExchangeResult> {
  const { kind } = execution.statement;
  const exchange = new StatementExchange(backend, execution.prepared, {
    sink,
    skipRows: execution.rowsSent,
    reportSettings: kind === "set" || kind === "reset",
  });
  backend.send(Buffer.concat(statementFrames(backend, execution, false)), exchange);
  return await exchange.result;
}

function aloneError(fields: ReadonlyMap<string, string>): SqlError {
  return fields.get("C") === postgresConflict.serialization
    ? SqlError.of(errors.dataConflict)
    : sqlErrorOf(fields);
}
