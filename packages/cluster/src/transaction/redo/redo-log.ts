/**
 * The writing and locking statements of an open transaction, kept to run them again after it was parked.
 *
 * Run again on the same snapshot a statement gives the same rows, with one exception: what is volatile
 * (`gen_random_uuid()`, also as a column's default, `nextval`, `random()`). Such a statement keeps the images of the
 * rows it gave, and redo writes those. What a client's own function has written by volatile values leaves no images; a
 * transaction with such a statement cannot be run again, and has lost when it would have to be.
 *
 * Always true
 * - Redo leaves the same rows as the first run, or the transaction has lost.
 * - Nothing that the client has been told is contradicted.
 * - It keeps at most `redoBytesMax`; a transaction that would need more cannot be run again.
 *
 * Tests: redo-log.test.ts, row-images.test.ts, conformance/isolation, simulation.
 */
import {
  type Backend,
  PostgresError,
  request,
  type Requester,
  requestSimple,
  unkept,
} from "../../backend/index.ts";
import { assert } from "../../base/index.ts";
import { factsOf, type Statement } from "../../sql/index.ts";
import { encodeBindArguments, encodeFrontend, type ErrorFieldMap } from "../../wire/index.ts";
import { textArray } from "../../catalog/index.ts";
import type { CopyInput, Execution } from "../exchange/execution.ts";
import { InnerSink } from "../exchange/sinks.ts";
import { StatementExchange, statementFrames } from "../exchange/statement-exchange.ts";
import type { LockingPlan } from "../plan/locking.ts";
import { withoutAdded } from "../rows/added-columns.ts";
import { changedRowsOf } from "../rows/changed-rows.ts";
import { lockAgain, type LockedRows, LockRecorder } from "../rows/locked-rows.ts";
import { imageStatement, type RowImages } from "../rows/row-images.ts";

export interface RedoEntry {
  readonly execution: Execution;
  readonly tag: string;
  readonly images?: readonly RowImages[] | undefined;
  readonly copy?: CopyInput | undefined;
  /** It locks rows: which, is found anew, since versions that the transaction itself has written get other places. */
  readonly locking?: LockingPlan | undefined;
  /** Rows that it has locked: beside images, which lock none but their own. */
  readonly locked?: readonly LockedRows[] | undefined;
  /** It may leave other rows when it is run again. */
  readonly isUnrepeatable?: boolean;
  /** For a statement in which set_config() has run: what puts the settings in force again that it has left. */
  readonly settingsText?: string;
}

export type RedoResult =
  /** `locked`: the rows that are locked now. */
  | { readonly kind: "done"; readonly locked: readonly LockedRows[] }
  /** A row that an image stands for is not there under the same key. */
  | { readonly kind: "differs" }
  | { readonly kind: "error"; readonly fields: ErrorFieldMap }
  | { readonly kind: "lost"; readonly error: Error };

const doneWithoutLocks: RedoResult = { kind: "done", locked: [] };

/**
 * Statements that lock rows, or change none, count against no limit of the service, and each may bring 10 MiB of values.
 */
const redoBytesMax = 32 * 1024 * 1024;
/** What an entry costs beyond its text and its values. */
const entryOverheadBytes = 512;

export class RedoLog {
  readonly #entries: Entry[] = [];
  #bytes = 0;
  /** The bound was reached: of what cannot be run again only the settings, and the last statement, are still here. */
  #isCut = false;

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** One of the statements cannot be run again. */
  get isUnrepeatable(): boolean {
    return this.#isCut || this.#entries.some((entry) => entry.isUnrepeatable === true);
  }

  get entries(): readonly RedoEntry[] {
    return this.#entries;
  }

  add(entry: RedoEntry): void {
    this.#bytes += bytesOf(entry);
    if (this.#bytes > redoBytesMax) this.#cut();
    this.#entries.push(entry);
  }

  #cut(): void {
    if (!this.#isCut) this.#entries.splice(0, this.#entries.length, ...this.#entries.filter(changesSettings));
    this.#isCut = true;
    const last = this.#entries.at(-1);
    if (last !== undefined && !changesSettings(last)) this.#entries.pop();
  }

  /** Forgets what has changed or locked rows; what has changed settings stays. */
  keepSettings(): void {
    const kept = this.#entries.filter(changesSettings).map((entry) => ({ ...entry, isForSettings: true }));
    this.#entries.splice(0, this.#entries.length, ...kept);
    this.#bytes = kept.reduce((bytes, entry) => bytes + bytesOf(entry), 0);
    this.#isCut = false;
  }

  /** Of the last statement, in which set_config() has run. */
  noteSettings(settingsText: string): void {
    const last = this.#entries.pop();
    if (last !== undefined) this.#entries.push({ ...last, settingsText });
  }

  /**
   * Forgets SET TRANSACTION READ ONLY, after which nothing can be written for the transaction either.
   *
   * @returns whether it was there
   */
  forgetAccessMode(): boolean {
    const kept = this.#entries.filter(({ execution: { statement } }) => !isAccessMode(statement));
    return this.#entries.splice(0, this.#entries.length, ...kept).length > kept.length;
  }

  /**
   * Runs the log on a backend whose transaction stands at its base savepoint.
   *
   * @returns the first error of PostgreSQL: the transaction has then to be rolled back to its base again
   * @throws {AssertionError} a statement changed another number of rows than the first time: a defect of this cluster
   */
  async run(backend: Backend): Promise<RedoResult> {
    return await runEntries(backend, this.#entries);
  }

  /** Runs only what has changed settings: all that a doomed transaction keeps of its own on the backend. */
  async runSettings(backend: Backend): Promise<RedoResult> {
    const entries = this.#entries.filter(changesSettings);
    return await runEntries(
      backend,
      entries.map((entry) => ({ ...entry, isForSettings: true })),
    );
  }
}

interface Entry extends RedoEntry {
  /** What else it did is not done again. */
  readonly isForSettings?: boolean;
}

function bytesOf({ execution, images = [], copy }: RedoEntry): number {
  const rows = images.flatMap((one) => one.rows).reduce((bytes, row) => bytes + row.length, 0);
  const copied = (copy?.frames ?? []).reduce((bytes, frame) => bytes + frame.length, 0);
  return execution.prepared.text.length + execution.bindArguments.length + rows + copied + entryOverheadBytes;
}

function changesSettings({ execution, settingsText }: RedoEntry): boolean {
  return settingsText !== undefined || factsOf(execution.statement).effect === "settings";
}

/** The one form of SET TRANSACTION that is run: clients are refused it, BEGIN READ ONLY in an open transaction is run as it. */
function isAccessMode(statement: Statement): boolean {
  return statement.kind === "set" && statement.name === "TRANSACTION";
}

async function runEntries(backend: Backend, entries: readonly Entry[]): Promise<RedoResult> {
  const locked: LockedRows[] = [];
  for (const entry of entries) {
    const result = await runEntry(backend, entry);
    if (result.kind !== "done") return result;
    locked.push(...result.locked);
  }
  return { kind: "done", locked };
}

async function runEntry(backend: Backend, entry: Entry): Promise<RedoResult> {
  if (entry.isForSettings === true && entry.settingsText !== undefined)
    return await runSettingsText(backend, entry.settingsText);
  if (entry.images !== undefined) return await runAllImages(backend, entry.images, entry.locked ?? []);
  const locks = entry.locking === undefined ? undefined : new LockRecorder(entry.locking);
  const exchange = new StatementExchange(backend, entry.execution.prepared, {
    sink: new InnerSink({ copy: entry.copy }),
    transform: locks?.added === undefined ? undefined : withoutAdded(locks.added),
  });
  const all = { ...entry.execution, portal: "", rowsMax: 0, rowsSent: 0, describe: false };
  backend.send(Buffer.concat(statementFrames(backend, all, false)), exchange);
  const result = await exchange.result;
  if (result.kind === "error" || result.kind === "lost") return result;
  const tag = result.kind === "complete" ? result.tag : "";
  if (changedRowsOf(tag) === changedRowsOf(entry.tag)) {
    if (locks?.hasHidden === true) await locks.findHidden(requesterOf(backend));
    return { kind: "done", locked: locks?.rows ?? [] };
  }
  // ON CONFLICT DO NOTHING has left a row alone that another has removed since. Where it stands alone its rows are written
  // by their images; in a data-modifying CTE they cannot be told.
  assert(mayMeetOthers(entry), "a statement run again changes as many rows as before");
  return { kind: "differs" };
}

function mayMeetOthers({ execution: { statement } }: RedoEntry): boolean {
  return (
    statement.kind === "write" &&
    statement.analysis.hasDataModifyingCte &&
    /\bon\s+conflict\b/i.test(statement.text)
  );
}

async function runSettingsText(backend: Backend, text: string): Promise<RedoResult> {
  try {
    if (text !== "") await requestSimple(backend, text);
    return doneWithoutLocks;
  } catch (error) {
    if (error instanceof PostgresError) return { kind: "error", fields: error.fields };
    return { kind: "lost", error: error as Error };
  }
}

async function runAllImages(
  backend: Backend,
  images: readonly RowImages[],
  locked: readonly LockedRows[],
): Promise<RedoResult> {
  try {
    if (!(await lockAgain(requesterOf(backend), locked))) return { kind: "differs" };
  } catch (error) {
    if (error instanceof PostgresError) return { kind: "error", fields: error.fields };
    return { kind: "lost", error: error as Error };
  }
  for (const one of images) {
    const result = await runImages(backend, one);
    if (result.kind !== "done") return result;
  }
  return { kind: "done", locked };
}

const requesterOf = (backend: Backend): Requester => ({
  request: (text, values) => request(backend, text, values),
});

async function runImages(backend: Backend, images: RowImages): Promise<RedoResult> {
  if (images.rows.length === 0) return doneWithoutLocks;
  const text = imageStatement(images);
  const prepared = unkept(text);
  const exchange = new StatementExchange(backend, prepared, {});
  const bytes = Buffer.concat([
    encodeFrontend.parse("", text, []),
    encodeFrontend.bind("", "", encodeBindArguments([], [textArray(images.rows)], [])),
    encodeFrontend.execute("", 0),
    encodeFrontend.sync(),
  ]);
  backend.send(bytes, exchange);
  const result = await exchange.result;
  if (result.kind === "error" || result.kind === "lost") return result;
  const changed = result.kind === "complete" ? changedRowsOf(result.tag) : 0;
  return changed === images.rows.length ? doneWithoutLocks : { kind: "differs" };
}
