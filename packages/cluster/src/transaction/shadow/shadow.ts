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
import { errors } from "@dsql-local/spec";
import { SqlError } from "../../base/index.ts";
import type { Analysis } from "../../sql/index.ts";
import { encodeFrontend } from "../../wire/index.ts";
import type { Execution, Sink } from "../execution.ts";
import type { Hold } from "../hold.ts";
import { asWritten } from "../plan.ts";
import { RecordedCopy, type RedoEntry, type RowImages } from "../redo-log.ts";
import type { TransactionServices } from "../services.ts";
import type { ExchangeResult } from "../statement-exchange.ts";
import { changeInShadow, isPlainChange } from "./change.ts";
import { copyInShadow } from "./copy-in.ts";
import { insertInShadow } from "./insert.ts";
import type { ShadowAnswer } from "./shadow-statement.ts";
import { ShadowTable } from "./shadow-table.ts";
import { Substitution } from "./substitution.ts";
import { runOnCopies } from "./table-copy.ts";

export interface ShadowOptions {
  readonly hold: Hold;
  readonly services: Pick<TransactionServices, "catalog">;
  readonly searchPath: () => readonly string[];
}

export class Shadow {
  readonly #options: ShadowOptions;
  readonly #tables = new Map<number, ShadowTable>();

  constructor(options: ShadowOptions) {
    this.#options = options;
  }

  /** Takes over what the transaction had written before it lost. */
  async replay(entries: readonly RedoEntry[]): Promise<void> {
    for (const entry of entries) {
      if (entry.images !== undefined) await this.#replayImages(entry.images);
      else if (entry.execution.statement.kind === "write") {
        await this.run(entry.execution, entry.copy === undefined ? discard : new RecordedCopy(entry.copy));
      }
    }
  }

  async run(execution: Execution, sink: Sink): Promise<ExchangeResult> {
    const { statement } = execution;
    if (statement.kind === "write") return await this.#write(execution, statement.analysis, sink);
    if (statement.kind === "read") return await this.#read(execution, statement.analysis, sink);
    return await this.#asWritten(execution, sink);
  }

  async #asWritten(execution: Execution, sink: Sink): Promise<ExchangeResult> {
    const sent = await this.#options.hold.send(execution, asWritten, sink);
    sent.accept();
    return sent.result;
  }

  async #read(execution: Execution, analysis: Analysis, sink: Sink): Promise<ExchangeResult> {
    const { whole } = await this.#substitute(execution, analysis);
    const { text, parameterTypes } = execution.prepared;
    const prepared = whole === text ? execution.prepared : { id: 0, text: whole, parameterTypes, uses: 0 };
    const result = await this.#asWritten({ ...execution, prepared }, sink);
    if (result.kind !== "suspended") await this.#options.hold.toSettings();
    return result;
  }

  async #write(execution: Execution, analysis: Analysis, sink: Sink): Promise<ExchangeResult> {
    const answer = await this.#answerWrite(execution, analysis, sink);
    await this.#options.hold.toSettings();
    if (answer.result.kind === "error" || answer.result.kind === "lost") return answer.result;
    sink.parsed();
    sink.bound();
    for (const frame of answer.frames) sink.frame(frame);
    return answer.result;
  }

  async #answerWrite(execution: Execution, analysis: Analysis, sink: Sink): Promise<ShadowAnswer> {
    const substitution = await this.#substitute(execution, analysis);
    const written = analysis.dml?.target ?? analysis.relations.find(({ role }) => role === "target");
    const target = written === undefined ? undefined : await this.#shadowOf(written);
    const { hold } = this.#options;
    if (target !== undefined && !analysis.hasDataModifyingCte) {
      const statement = { hold, execution, analysis, substitution, target };
      if (analysis.command === "copyIn") return await copyInShadow(statement, sink);
      if (analysis.command === "insert") return await insertInShadow(statement);
      if (isPlainChange(analysis)) return await changeInShadow(statement);
    }
    const targets = await this.#targets(analysis);
    if (targets === undefined) throw SqlError.of(errors.dataConflict);
    return await runOnCopies({ hold, execution, analysis, substitution, targets });
  }

  /** All tables that a statement writes; undefined when one of them is not an ordinary table. */
  async #targets(analysis: Analysis): Promise<readonly ShadowTable[] | undefined> {
    const targets: ShadowTable[] = [];
    for (const relation of analysis.relations.filter(({ role }) => role === "target")) {
      const target = await this.#shadowOf(relation);
      if (target === undefined) return undefined;
      targets.push(target);
    }
    return targets;
  }

  async #substitute(execution: Execution, analysis: Analysis): Promise<Substitution> {
    const found = new Map<string, ShadowTable | undefined>();
    const key = (relation: { schema: string | undefined; name: string }): string =>
      `${relation.schema ?? ""}\0${relation.name}`;
    for (const relation of analysis.relations) found.set(key(relation), await this.#shadowOf(relation));
    return new Substitution(execution.statement.text, analysis, (relation) => found.get(key(relation)));
  }

  async #shadowOf(relation: { schema: string | undefined; name: string }): Promise<ShadowTable | undefined> {
    const table = await this.#options.services.catalog.table(relation, this.#options.searchPath());
    if (table === undefined) return undefined;
    const shadow = this.#tables.get(table.oid) ?? new ShadowTable(table);
    this.#tables.set(table.oid, shadow);
    return shadow;
  }

  async #replayImages(images: RowImages): Promise<void> {
    const shadow = await this.#shadowOf(images.table);
    if (shadow === undefined) return;
    await shadow.removeByKey(this.#options.hold, images.rows);
    if (images.command === "delete") return;
    for (const row of images.rows) shadow.add(row);
  }
}

const discard: Sink = {
  parsed: () => undefined,
  bound: () => undefined,
  frame: () => undefined,
  isFull: false,
  drained: () => Promise.resolve(),
  copyIn: () => Promise.resolve({ frames: [], end: encodeFrontend.copyFail("no data") }),
};
