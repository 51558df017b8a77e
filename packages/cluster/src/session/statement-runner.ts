/**
 * Runs one statement of a session where it belongs: alone, in the client's block, or in an implicit one.
 */
import { SqlError } from "../base/index.ts";
import { errors } from "@dsql-local/spec";
import { countCharacters } from "@dsql-local/sql";
import type { Statement } from "../sql/index.ts";
import {
  BackendLost,
  type Execution,
  type Outcome,
  type Settings,
  type PreparedText,
  type Sink,
  unkept,
} from "../transaction/index.ts";
import { encodeBackend, noBindArguments } from "../wire/index.ts";
import { Block } from "./block.ts";
import {
  analysisOf,
  type AnalyzeStatement,
  createIndexAsync,
  runDdl,
  validateConstraintAsync,
} from "./ddl/index.ts";
import { requireUtf8 } from "./client-encoding.ts";
import { explain } from "./explain/index.ts";
import { isIdentitySetting, showAllInstead, showIdentity } from "./identity-settings.ts";
import { type OwnContext, waitForJob } from "./own-statements.ts";
import { NotingSink, type ReportedParameters, type SettingScope } from "./reported-parameters.ts";
import { changeMapping, prepareEndOfRoles } from "./role-statements.ts";
import { isOn, isServiceSetting, showService } from "./service-settings.ts";
import type { SessionServices } from "./services.ts";
import { changeOf, type SettingStatement } from "./setting-changes.ts";

export interface RunnerOptions {
  readonly services: SessionServices;
  readonly role: string;
  readonly settings: Settings;
  readonly reported: ReportedParameters;
  /** DEALLOCATE ALL. */
  readonly forgetPrepared: () => void;
}

export class StatementRunner {
  readonly block: Block;
  readonly #options: RunnerOptions;
  #cancel: (() => void) | undefined;
  /** The catalog as this session last looked at it. */
  #catalogSeen: number;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.block = new Block(options);
    this.#catalogSeen = options.services.coordinator.catalogVersions.current;
  }

  /**
   * @param isAlone - nothing else belongs to the same implicit transaction
   * @throws {SqlError} the statement failed; `failed` is to be called
   */
  async run(execution: Execution, sink: Sink, isAlone: boolean): Promise<Outcome> {
    const { statement } = execution;
    this.refuse(statement);
    this.#refuseIfStale(statement);
    try {
      await this.#refuseIfNewer(statement);
      const outcome = await this.#dispatch(execution, sink, isAlone);
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
    const endsBlock = (kind === "commit" || kind === "rollback") && refused === undefined;
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

  async #commit(): Promise<"COMMIT" | "ROLLBACK"> {
    const { catalogVersions } = this.#options.services.coordinator;
    const ownChange = this.block.transaction?.changesCatalog === true;
    try {
      const tag = await this.block.commit();
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
    throw SqlError.of(errors.schemaConflict);
  }

  /**
   * A relation that was created after the transaction began is not in its snapshot. To PostgreSQL its name is there, and
   * its rows are not; to the service it does not exist.
   *
   * @throws {SqlError} 42P01
   */
  async #refuseIfNewer(statement: Statement): Promise<void> {
    const { transaction } = this.block;
    const version = transaction?.catalogVersion;
    if (version === undefined || (statement.kind !== "read" && statement.kind !== "write")) return;
    const { catalogVersions } = this.#options.services.coordinator;
    for (const { schema, name, start } of statement.analysis.relations) {
      if (!catalogVersions.isCreatedSince(version, name)) continue;
      if (!(await transaction?.isNewer(schema, name))) continue;
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
    await this.block.rollback();
  }

  async #dispatch(execution: Execution, sink: Sink, isAlone: boolean): Promise<Outcome> {
    const { statement } = execution;
    if (isExplain(statement)) return await this.#explain(execution, sink);
    switch (statement.kind) {
      case "begin":
        return await this.#begin(execution, statement, sink);
      case "commit":
        if (!this.block.isExplicit) warn(sink, "25P01", "there is no transaction in progress");
        return own(sink, await this.#commit());
      case "rollback":
        if (!this.block.isExplicit) warn(sink, "25P01", "there is no transaction in progress");
        await this.block.rollback();
        return own(sink, "ROLLBACK");
      case "set":
      case "reset":
        return await this.#changeSetting(execution, statement, sink, isAlone);
      case "deallocateAll":
        this.#options.forgetPrepared();
        return own(sink, "DEALLOCATE ALL");
      case "createIndexAsync":
        return await createIndexAsync(this.#context(), statement, execution, sink);
      case "validateConstraintAsync":
        return await validateConstraintAsync(this.#context(), statement, execution, sink);
      case "iamGrant":
      case "iamRevoke":
        return await changeMapping(this.#context(), statement, sink);
      case "waitForJob":
        return await waitForJob(this.#context(), statement, execution, sink);
      case "ddl": {
        const run = async (): Promise<Outcome> => {
          await prepareEndOfRoles(this.#context(), statement);
          return await this.#inTransaction(execution, sink);
        };
        return await runDdl(this.#context(), statement, sink, run);
      }
      case "read":
        return isAlone && (await this.#isPure(statement))
          ? await this.#alone(execution, sink)
          : await this.#inTransaction(execution, sink);
      case "show":
        if (isIdentitySetting(statement.name)) return showIdentity(statement.name, execution, sink);
        if (statement.name === "all") return await this.#showAll(execution, sink);
        if (isServiceSetting(statement.name))
          return showService(statement.name, this.block.settingsInForce, execution, sink);
        return isAlone ? await this.#alone(execution, sink) : await this.#inTransaction(execution, sink);
      case "analyze":
        return await this.#analyze(execution, statement, sink);
      case "write":
        return await this.#inTransaction(execution, sink);
      case "setConstraints":
        return await this.#inTransaction(execution, sink);
    }
  }

  /** As in PostgreSQL, BEGIN in an open transaction warns, and its access mode holds from here on. */
  async #begin(
    execution: Execution,
    { text, readOnly }: Extract<Statement, { kind: "begin" }>,
    sink: Sink,
  ): Promise<Outcome> {
    if (!this.block.begin()) warn(sink, "25001", "there is already a transaction in progress");
    if (readOnly !== undefined && this.block.enter().changeAccessMode(readOnly) === "underWay")
      await this.#runInstead(execution, ["SET TRANSACTION READ ONLY"], sink);
    return own(sink, /^start\b/i.test(text) ? "START TRANSACTION" : "BEGIN");
  }

  async #inTransaction(execution: Execution, sink: Sink): Promise<Outcome> {
    const transaction = this.block.enter();
    this.#cancel = () => {
      transaction.cancel();
    };
    return await transaction.run(execution, sink);
  }

  async #explain(execution: Execution, sink: Sink): Promise<Outcome> {
    const transaction = this.block.enter();
    this.#cancel = () => {
      transaction.cancel();
    };
    return await explain(transaction, execution, sink);
  }

  #isPure(statement: Extract<Statement, { kind: "read" }>): boolean | Promise<boolean> {
    if (statement.analysis.lockingClause !== "none") return false;
    const { role, services } = this.#options;
    return services.coordinator.isPure(statement, this.block.settingsInForce, role);
  }

  /** A sink that remembers what the client hears of settings. */
  #noting(sink: Sink, scope: SettingScope): Sink {
    return new NotingSink(sink, (name, value) => {
      this.#options.reported.note(name, value, scope);
    });
  }

  async #alone(execution: Execution, sink: Sink, settingsAfter?: Settings): Promise<Outcome> {
    if (this.block.transaction !== undefined) return await this.#inTransaction(execution, sink);
    const { role, services } = this.#options;
    return await services.coordinator.runAlone({ role, settings: this.block.settings }, execution, sink, {
      onStart: (cancel) => (this.#cancel = cancel),
      settingsAfter,
      settingsChanged: this.block.adopt,
    });
  }

  async #changeSetting(
    execution: Execution,
    statement: SettingStatement,
    sink: Sink,
    isAlone: boolean,
  ): Promise<Outcome> {
    const { settings, settingsInForce } = this.block;
    const { name = "", ...rest } = statement;
    if (name.toLowerCase() === "client_encoding" && "value" in rest) requireUtf8(rest.value ?? "UTF8");
    const change = changeOf(
      statement,
      { session: settings, inForce: settingsInForce },
      this.#options.settings,
    );
    const noting = this.#noting(sink, change.scope);
    const outcome =
      change.texts === undefined
        ? isAlone
          ? await this.#alone(execution, noting, change.session)
          : await this.#inTransaction(execution, noting)
        : await this.#runInstead(execution, change.texts, noting);
    this.block.changeSettings(change);
    return outcome.kind === "complete" ? { kind: "complete", tag: change.tag } : outcome;
  }

  /** Runs other statements in the place of the client's; their answers pass as one. */
  async #runInstead(execution: Execution, texts: readonly string[], sink: Sink): Promise<Outcome> {
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

  async #showAll(execution: Execution, sink: Sink): Promise<Outcome> {
    const outcome = await this.#runInstead(execution, [showAllInstead], sink);
    return outcome.kind === "complete" ? { kind: "complete", tag: "SHOW" } : outcome;
  }

  async #analyze(execution: Execution, statement: AnalyzeStatement, sink: Sink): Promise<Outcome> {
    if (this.block.transaction !== undefined) {
      throw new SqlError({ sqlstate: "25001", message: "ANALYZE cannot run inside a transaction block" });
    }
    const { role, services } = this.#options;
    const analysis = await analysisOf(services, statement, role);
    if (analysis.text === undefined) return own(sink, "ANALYZE");
    try {
      const prepared = unkept(analysis.text);
      return await this.#alone({ ...execution, prepared }, sink);
    } finally {
      analysis.release();
    }
  }

  #context(): OwnContext {
    const controller = new AbortController();
    this.#cancel = () => {
      controller.abort();
      this.block.transaction?.cancel();
    };
    const { services, role } = this.#options;
    return { services, role, block: this.block, cancelled: controller.signal };
  }
}

function isExplain(statement: Statement): boolean {
  return (
    (statement.kind === "read" || statement.kind === "write") && statement.analysis.command === "explain"
  );
}

function own(sink: Sink, tag: string): Outcome {
  sink.parsed();
  sink.bound();
  return { kind: "complete", tag };
}

function warn(sink: Sink, sqlstate: string, message: string): void {
  sink.frame(encodeBackend.noticeResponse({ severity: "WARNING", sqlstate, message }));
}

/** What the client hears: positions in the text that it sent, and no word of the embedded PostgreSQL's connection. */
function clientError(error: unknown, statement: Statement | undefined): unknown {
  if (error instanceof BackendLost) return SqlError.of(errors.serverUnavailable);
  if (!(error instanceof SqlError) || error.position === undefined || statement === undefined) return error;
  return error.with({ position: statement.positionInSource(error.position) });
}
