/**
 * The shadow of a doomed transaction: what it would see if it had not lost.
 *
 * It can never commit, so nothing is written: an UPDATE is answered by a SELECT over its snapshot with the new
 * expressions in place, and the rows it gives are kept as images for the statements that follow.
 *
 * Always true
 * - Answers come from the transaction's snapshot and its own writes.
 * - Between statements a doomed transaction holds nothing but its snapshot, so it is never in anyone's way.
 *
 * Tests: conformance/isolation, simulation.
 */
import { unkept } from "../../backend/index.ts";
import { errors } from "@dsql-local/spec";
import { SqlError } from "../../base/index.ts";
import type { Analysis } from "../../sql/index.ts";
import type { StatementTables, Table } from "../../catalog/index.ts";
import type { Execution, Sink } from "../exchange/execution.ts";
import { postgresConflict } from "../exchange/postgres-errors.ts";
import { acknowledge } from "../exchange/own-answer.ts";
import { InnerSink } from "../exchange/sinks.ts";
import type { Hold } from "../hold.ts";
import { asWritten } from "../plan/plan.ts";
import type { RedoEntry } from "../redo/redo-log.ts";
import type { RowImages } from "../rows/row-images.ts";
import type { TransactionServices } from "../services.ts";
import type { ExchangeResult } from "../exchange/statement-exchange.ts";
import { isBeyondShadow } from "./beyond.ts";
import { changeInShadow, isPlainChange } from "./change.ts";
import { copyInShadow } from "./copy-in.ts";
import { followReferences, type ForeignKeyContext } from "./foreign-keys.ts";
import { insertInShadow } from "./insert.ts";
import type { ShadowAnswer } from "./shadow-statement.ts";
import { ShadowTable } from "./shadow-table.ts";
import { Substitution } from "./substitution.ts";
import { runOnCopies } from "./table-copy.ts";

const writesInVain: ReadonlySet<string> = new Set([
  postgresConflict.serialization,
  postgresConflict.uniqueKey,
]);

export interface ShadowOptions {
  readonly hold: Hold;
  readonly services: Pick<TransactionServices, "catalog" | "limits">;
  readonly searchPath: () => readonly string[];
}

export class Shadow {
  readonly #options: ShadowOptions;
  readonly #tables = new Map<number, ShadowTable>();
  #hasSetConstraints = false;

  private constructor(options: ShadowOptions) {
    this.#options = options;
  }

  /** Rolls the transaction back to its snapshot and its settings, and takes over what it had written. */
  static async of(options: ShadowOptions): Promise<Shadow> {
    await options.hold.toSettings();
    const shadow = new Shadow(options);
    await shadow.#replay(options.hold.redo.entries);
    return shadow;
  }

  async #replay(entries: readonly RedoEntry[]): Promise<void> {
    for (const entry of entries) {
      if (entry.images !== undefined) for (const images of entry.images) await this.#replayImages(images);
      else if (entry.execution.statement.kind === "write") {
        await this.run(entry.execution, new InnerSink({ copy: entry.copy }));
      } else if (entry.execution.statement.kind === "read") {
        // Nothing but what functions have written by its way would be left of it.
        await this.#checkReach({ ...entry.execution.statement.analysis, relations: [] });
      }
    }
  }

  async run(execution: Execution, sink: Sink): Promise<ExchangeResult> {
    const { statement } = execution;
    if (statement.kind === "write" || statement.kind === "read") await this.#checkReach(statement.analysis);
    if (statement.kind === "write") return await this.#write(execution, statement.analysis, sink);
    if (statement.kind === "read") return await this.#read(execution, statement.analysis, sink);
    this.#hasSetConstraints ||= statement.kind === "setConstraints";
    return await this.#asWritten(execution, sink);
  }

  /** @throws {SqlError} 40001 a shadow cannot stand for it */
  async #checkReach(analysis: Analysis): Promise<void> {
    const touched = [...this.#tables.values()].filter(({ isUntouched }) => !isUntouched);
    const { services, searchPath } = this.#options;
    const tables = touched.map(({ table }) => table);
    if (await isBeyondShadow(services.catalog, analysis, searchPath(), tables))
      throw SqlError.of(errors.dataConflict);
  }

  async #asWritten(execution: Execution, sink: Sink): Promise<ExchangeResult> {
    const sent = await this.#options.hold.send(execution, asWritten, sink);
    sent.accept();
    return sent.result;
  }

  async #read(execution: Execution, analysis: Analysis, sink: Sink): Promise<ExchangeResult> {
    const { whole } = this.#substitute(execution, analysis, await this.#tablesOf(execution));
    const { text, parameterTypes } = execution.prepared;
    const prepared = whole === text ? execution.prepared : unkept(whole, parameterTypes);
    const result = await this.#asWritten({ ...execution, prepared }, sink);
    if (result.kind !== "suspended") await this.#options.hold.toSettings();
    // A function has written for it, which no shadow can stand for, and has met a row that was committed since.
    if (result.kind === "error" && writesInVain.has(result.fields.get("C") ?? ""))
      throw SqlError.of(errors.dataConflict);
    return result;
  }

  async #write(execution: Execution, analysis: Analysis, sink: Sink): Promise<ExchangeResult> {
    const answer = await this.#answerWrite(execution, analysis, sink);
    await this.#options.hold.toSettings();
    if (answer.result.kind === "error" || answer.result.kind === "lost") return answer.result;
    acknowledge(sink);
    for (const frame of answer.frames) sink.frame(frame);
    return answer.result;
  }

  async #answerWrite(execution: Execution, analysis: Analysis, sink: Sink): Promise<ShadowAnswer> {
    const tables = await this.#tablesOf(execution);
    const substitution = this.#substitute(execution, analysis, tables);
    const written = analysis.dml?.target ?? analysis.relations.find(({ role }) => role === "target");
    const target = written === undefined ? undefined : this.#shadowOf(tables.of(written));
    const { hold } = this.#options;
    if (target !== undefined && !analysis.hasDataModifyingCte) {
      const rowsMax = this.#options.services.limits.rowsPerTransactionMax;
      const statement = { hold, execution, analysis, substitution, target, keys: this.#keys, rowsMax };
      if (analysis.command === "copyIn") return await copyInShadow(statement, sink);
      if (analysis.command === "insert") return await insertInShadow(statement);
      if (isPlainChange(analysis)) return await changeInShadow(statement);
    }
    const targets = this.#targets(analysis, tables);
    if (targets === undefined) throw SqlError.of(errors.dataConflict);
    return await runOnCopies({ hold, execution, analysis, substitution, targets, keys: this.#keys });
  }

  get #keys(): ForeignKeyContext {
    const { hold, services } = this.#options;
    const isSet = hold.redo.entries.some(({ execution }) => execution.statement.kind === "setConstraints");
    return {
      hold,
      hasSetConstraints: this.#hasSetConstraints || isSet,
      shadowOf: async (relation) => this.#shadowOf(await services.catalog.table(relation, [])),
    };
  }

  /** All tables that a statement writes; undefined when one of them is not an ordinary table. */
  #targets(analysis: Analysis, tables: StatementTables): readonly ShadowTable[] | undefined {
    const targets: ShadowTable[] = [];
    for (const relation of analysis.relations.filter(({ role }) => role === "target")) {
      const target = this.#shadowOf(tables.of(relation));
      if (target === undefined) return undefined;
      targets.push(target);
    }
    return targets;
  }

  async #tablesOf({ statement }: Execution): Promise<StatementTables> {
    return await this.#options.services.catalog.tablesOf(statement, this.#options.searchPath());
  }

  #substitute({ statement }: Execution, analysis: Analysis, tables: StatementTables): Substitution {
    return new Substitution(statement.text, analysis, (relation) => this.#shadowOf(tables.of(relation)));
  }

  #shadowOf(table: Table | undefined): ShadowTable | undefined {
    if (table === undefined) return undefined;
    const shadow = this.#tables.get(table.oid) ?? new ShadowTable(table);
    this.#tables.set(table.oid, shadow);
    return shadow;
  }

  async #replayImages(images: RowImages): Promise<void> {
    const shadow = this.#shadowOf(images.table);
    if (shadow === undefined) return;
    const removed = await shadow.removeByKey(this.#options.hold, images.rows);
    if (images.command !== "delete") for (const row of images.rows) shadow.add(row);
    await followReferences(this.#keys, shadow, removed);
  }
}
