/**
 * Runs one statement of a session where it belongs: alone, in the client's block, or in an implicit one.
 */
import { errors } from "@dsql-local/spec";
import { countCharacters } from "@dsql-local/sql";
import { type Actor, type Latency, type SessionState, SqlError } from "../base/index.ts";
import { factsOf, type RelationRef, type Statement } from "../sql/index.ts";
import { BackendLost, type PreparedText, type Settings } from "../backend/index.ts";
import { applicationNameIn, type Execution, type Outcome, type Sink } from "../transaction/index.ts";
import { noBindArguments } from "../wire/index.ts";
import { Block } from "./block.ts";
import { handlerOf, type Running } from "./kinds/index.ts";
import type { OwnContext } from "./own-statements.ts";
import type { ReportedParameters } from "./reported-parameters.ts";
import { isOn } from "./service-settings.ts";
import type { SessionServices } from "./services.ts";
import { asksForObjects, objectsText, type SessionObjects } from "./session-objects.ts";
import { StatementActivity } from "./statement-activity.ts";
import { StatementFaults } from "./statement-faults.ts";

export interface RunnerOptions {
  readonly services: SessionServices;
  readonly sessionId: number;
  readonly role: string;
  readonly settings: Settings;
  readonly reported: ReportedParameters;
  /** Sends what is written, and closes the client's socket: a fault on demand. */
  readonly disconnect: () => void;
  /** DEALLOCATE ALL. */
  readonly forgetPrepared: () => void;
  /** The session's own, for a statement that asks. */
  readonly objects: () => Promise<SessionObjects>;
}

export class StatementRunner {
  readonly block: Block;
  readonly #options: RunnerOptions;
  readonly #running: Running;
  readonly #faults: StatementFaults;
  readonly #activity: StatementActivity;
  #cancel: (() => void) | undefined;
  /** The catalog as this session last looked at it. */
  #catalogSeen: number;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.block = new Block(options);
    const { role, services, reported, settings, disconnect, forgetPrepared } = options;
    this.#faults = new StatementFaults(
      services.coordinator.faults,
      () => ({ role, applicationName: this.applicationName }),
      disconnect,
    );
    this.#activity = new StatementActivity(services.coordinator.events, services.clock);
    this.#catalogSeen = options.services.coordinator.catalogVersions.current;
    this.#running = {
      services,
      role,
      reported,
      forgetPrepared,
      block: this.block,
      settingsAtStart: settings,
      prepare: (statement, parameterTypes) => this.prepare(statement, parameterTypes),
      commit: () => this.#commit(),
      inTransaction: (execution, sink) => this.#inTransaction(execution, sink),
      alone: (execution, sink, settingsAfter) => this.#alone(execution, sink, settingsAfter),
      instead: (execution, texts, sink) => this.#instead(execution, texts, sink),
      own: () => this.#own(),
    };
  }

  /**
   * @param isAlone - nothing else belongs to the same implicit transaction
   * @throws {SqlError} the statement failed; `failed` is to be called
   */
  async run(execution: Execution, sink: Sink, isAlone: boolean): Promise<Outcome> {
    const ended = this.#activity.begin(execution.statement, () => this.#actor);
    try {
      const outcome = await this.#run(execution, sink, isAlone);
      ended();
      return outcome;
    } catch (error) {
      ended(error);
      throw error;
    }
  }

  /** As the client has named itself. */
  get applicationName(): string {
    return applicationNameIn(this.block.settingsInForce);
  }

  /** As it is told to those who look. */
  get told(): Pick<SessionState, "statement" | "runningMs" | "transaction"> {
    const { transaction } = this.block;
    return { ...this.#activity.told, transaction: transaction?.told };
  }

  get #actor(): Actor {
    const { sessionId, role } = this.#options;
    const { applicationName } = this;
    return this.block.transaction?.actor ?? { transaction: "", sessionId, role, applicationName };
  }

  async #run(execution: Execution, sink: Sink, isAlone: boolean): Promise<Outcome> {
    const { statement } = execution;
    this.refuse(statement);
    this.#refuseIfStale(statement);
    try {
      const newer = this.#refuseIfNewer(statement);
      if (newer !== undefined) await newer;
      if (asksForObjects(statement)) await this.#tellObjects();
      const storage = "analysis" in statement ? this.#latency.statement() : undefined;
      if (storage !== undefined) await storage;
      const before = this.#faults.before(statement, sink);
      const seen = before instanceof Promise ? await before : before;
      const outcome = await this.#dispatch(execution, seen, isAlone);
      this.#faults.after(seen);
      if (isAlone && !this.block.isExplicit) await this.#commit();
      return outcome;
    } catch (error) {
      throw clientError(error, statement);
    } finally {
      this.#cancel = undefined;
    }
  }

  /** @param own - what is kept for the client, which has prepared the statement by name */
  prepare(statement: Statement, parameterTypes: readonly number[], own?: PreparedText): PreparedText {
    const { transaction, settingsInForce } = this.block;
    const settings = transaction?.changesCatalog === true ? undefined : settingsInForce;
    return this.#options.services.coordinator.prepare(statement, parameterTypes, { settings, own });
  }

  /**
   * Holds a statement against the state of its block and, as the session's settings are now, the rules.
   *
   * @throws {SqlError} 25P02 in a failed block, before anything else; then what a rule says
   */
  refuse({ kind, refusal, unless }: Statement): void {
    const isWaived = unless !== undefined && !isOn(unless.setting, this.block.settingsInForce);
    const refused = isWaived ? unless.refusal : refusal;
    const endsBlock = factsOf({ kind }).endsBlock === true && refused === undefined;
    if (!endsBlock) this.block.refuseIfFailed();
    if (refused !== undefined) throw new SqlError(refused);
  }

  /** The end of a Query message or a pipeline: what was implicit is committed. */
  async endImplicit(): Promise<void> {
    if (this.block.transaction === undefined || this.block.isExplicit) return;
    try {
      await this.#commit();
    } catch (error) {
      throw clientError(error, undefined);
    }
  }

  get #latency(): Latency {
    return this.#options.services.coordinator.latency;
  }

  async #commit(): Promise<"COMMIT" | "ROLLBACK"> {
    const { catalogVersions } = this.#options.services.coordinator;
    const ownChange = this.block.transaction?.changesCatalog === true;
    try {
      const wait = this.block.transaction?.hasEffects === true ? this.#latency.commit() : undefined;
      if (wait !== undefined) await wait;
      const tag = await this.#faults.commit(this.block.transaction?.place.tables ?? [], () =>
        this.block.commit(),
      );
      if (ownChange) this.#catalogSeen = catalogVersions.current;
      return tag;
    } catch (error) {
      // Whoever loses to a catalog change has heard of it.
      if (error instanceof SqlError && error.message === errors.schemaConflict.message) {
        this.#catalogSeen = catalogVersions.current;
      }
      throw error;
    }
  }

  /**
   * A catalog change since this session last looked, and before its transaction began, is heard once, at the first
   * statement that it concerns; one that comes later is heard at COMMIT.
   *
   * @throws {SqlError} 40001 OC001
   */
  #refuseIfStale(statement: Statement): void {
    const versions = this.#options.services.coordinator.catalogVersions;
    if (this.#catalogSeen === versions.current) return;
    if (!versions.isStale(this.#catalogSeen, statement, this.block.transaction?.catalogVersion)) return;
    this.#catalogSeen = versions.current;
    const { sessionId, role, services } = this.#options;
    const { relations = [] } = "analysis" in statement ? statement.analysis : {};
    const names = new Set(relations.map(({ name }) => name));
    services.coordinator.announceStale({ sessionId, role, settings: this.block.settingsInForce }, names);
    throw SqlError.of(errors.schemaConflict);
  }

  /**
   * A relation that was created after the transaction began is not in its snapshot. To PostgreSQL its name is there, and
   * its rows are not; to the service it does not exist.
   *
   * @returns a promise only where PostgreSQL has to be asked
   * @throws {SqlError} 42P01
   */
  #refuseIfNewer(statement: Statement): Promise<void> | undefined {
    const version = this.block.transaction?.catalogVersion;
    if (version === undefined || (statement.kind !== "read" && statement.kind !== "write")) return undefined;
    const { catalogVersions } = this.#options.services.coordinator;
    const suspects = statement.analysis.relations.filter(({ name }) =>
      catalogVersions.isCreatedSince(version, name),
    );
    return suspects.length === 0 ? undefined : this.#refuseNewer(statement, suspects);
  }

  async #refuseNewer(statement: Statement, suspects: readonly RelationRef[]): Promise<void> {
    for (const { schema, name, start } of suspects) {
      if (!(await this.block.transaction?.isNewer(schema, name))) continue;
      const shown = schema === undefined ? name : `${schema}.${name}`;
      const position = countCharacters(statement.text, start) + 1;
      throw SqlError.of(errors.relationMissing(shown), { position });
    }
  }

  async failed(): Promise<void> {
    await this.block.fail();
  }

  cancel(): void {
    this.#cancel?.();
  }

  async close(): Promise<void> {
    this.cancel();
    try {
      await this.block.rollback();
    } finally {
      this.#options.services.coordinator.endSession(this.block);
    }
  }

  async #tellObjects(): Promise<void> {
    const text = objectsText(await this.#options.objects());
    await this.block.enter().requestSimple(text);
  }

  async #dispatch(execution: Execution, sink: Sink, isAlone: boolean): Promise<Outcome> {
    const { statement } = execution;
    return await handlerOf(statement).run(this.#running, { statement, execution, sink, isAlone });
  }

  async #inTransaction(execution: Execution, sink: Sink): Promise<Outcome> {
    const transaction = this.block.enter();
    this.#cancel = () => {
      transaction.cancel();
    };
    return await transaction.run(execution, sink);
  }

  async #alone(execution: Execution, sink: Sink, settingsAfter?: Settings): Promise<Outcome> {
    if (this.block.transaction !== undefined) return await this.#inTransaction(execution, sink);
    const { services } = this.#options;
    return await services.coordinator.runAlone(this.block.sessionView, execution, sink, {
      onStart: (cancel) => (this.#cancel = cancel),
      settingsAfter,
      settingsChanged: this.block.adopt,
    });
  }

  /** Runs other statements in the place of the client's; their answers pass as one. */
  async #instead(execution: Execution, texts: readonly string[], sink: Sink): Promise<Outcome> {
    const { parser } = this.#options.services;
    let outcome: Outcome = { kind: "empty" };
    let { describe } = execution;
    for (const statement of texts.flatMap((text) => parser.parse(text).statements)) {
      const prepared = this.prepare(statement, []);
      const instead = { ...execution, statement, prepared, bindArguments: noBindArguments, describe };
      outcome = await this.#inTransaction(instead, sink);
      describe = false;
    }
    return outcome;
  }

  #own(): OwnContext {
    const controller = new AbortController();
    this.#cancel = () => {
      controller.abort();
      this.block.transaction?.cancel();
    };
    const { services, role } = this.#options;
    return { services, role, block: this.block, cancelled: controller.signal };
  }
}

/** What the client hears: positions in the text that it sent, and no word of the embedded PostgreSQL's connection. */
function clientError(error: unknown, statement: Statement | undefined): unknown {
  if (error instanceof BackendLost) return error.asSqlError();
  if (!(error instanceof SqlError) || error.position === undefined || statement === undefined) return error;
  return error.with({ position: statement.positionInSource(error.position) });
}
