/**
 * How a statement is sent differently from what the client wrote, and what is to be looked at afterwards. Made once for a
 * text and a search path, and kept until the catalog changes.
 */
import { type ErrorFact, listOf, type TreeNode, unwrap } from "@dsql-local/spec";
import { applyEdits } from "@dsql-local/sql";
import type { LimitValues } from "../../base/index.ts";
import { type Analysis, type Statement, TextCache } from "../../sql/index.ts";
import {
  calledBy,
  type Catalog,
  type FunctionFacts,
  isSame,
  quoteName,
  type StatementTables,
  type Table,
} from "../../catalog/index.ts";
import { type RowSize, rowSizeOf } from "./row-size.ts";
import { refuseLock } from "./lock-by-key.ts";
import { type LockingPlan, planLocking } from "./locking.ts";
import { isKeyColumn, mayDiffer, planRecording, type RecordingPlan, setsKey } from "./recording.ts";
import { returningAlso } from "./returning.ts";

export interface StatementPlan {
  /** Why the service does not take it, where that depends on the tables. */
  readonly refusal?: ErrorFact | undefined;
  /** The statement with the added columns; undefined: as the client wrote it. */
  readonly text?: string | undefined;
  /** It may free keys: rows go, or their keys change. */
  readonly freesKeys: boolean;
  /** It may change columns of a foreign key, so that rows cease to reference others. */
  readonly releases: boolean;
  /** It may take keys that an older snapshot still shows as taken. */
  readonly takesKeys: boolean;
  /** A SELECT that may change something by way of a function: redo has to run it again. */
  readonly callsWritingFunction: boolean;
  /** A function that it calls may write or lock rows. */
  readonly mayLockUnseen: boolean;
  /** A function that it calls has a locking clause. */
  readonly callsLocking: boolean;
  /** It may leave other rows when it is run again, and they cannot be told from outside. */
  readonly isUnrepeatable: boolean;
  /** Its command tag does not count all the rows that it changes. */
  readonly changesOthers: boolean;
  readonly recording?: RecordingPlan | undefined;
  readonly locking?: LockingPlan | undefined;
  readonly rowSize?: RowSize | undefined;
  /** The role may not see the rows that it writes. */
  readonly mayNotLook?: boolean;
  /** The client asked for rows of its own. */
  readonly hasRows: boolean;
  /** The rows are measured: the last of the added columns. */
  readonly isMeasured: boolean;
  /** The same with the rows measured, for executions that send much. */
  readonly measured?: StatementPlan | undefined;
}

export const asWritten: StatementPlan = {
  freesKeys: false,
  releases: false,
  takesKeys: false,
  callsWritingFunction: false,
  mayLockUnseen: false,
  callsLocking: false,
  isUnrepeatable: false,
  changesOthers: false,
  hasRows: true,
  isMeasured: false,
};

export interface PlanOptions {
  readonly limits: LimitValues;
  /** FOR UPDATE takes single rows by their whole key, as on the service until 2026-08-24. */
  readonly locksByKeyOnly?: boolean;
}

/** Plans kept, and characters of their statements; at a bound the older half is forgotten. */
const plansMax = 4_096;
const plannedCharactersMax = 4 * 1024 * 1024;
/** The plan of a longer statement is made each time: it is a bulk load, which does not come again. */
const plannedCharactersPerStatementMax = 64 * 1024;

/** The statement's text stands in the key, and perhaps in the plan with what it was given. */
const textsPerPlan = 2;

const newPlans = (): TextCache<StatementPlan> =>
  new TextCache({ entriesMax: plansMax, charactersMax: plannedCharactersMax });

export class PlanCache {
  readonly #catalog: Catalog;
  readonly #options: PlanOptions;
  #plans = newPlans();

  constructor(catalog: Catalog, options: PlanOptions) {
    this.#catalog = catalog;
    this.#options = options;
  }

  /** Forgets all: the catalog has changed. */
  clear(): void {
    this.#plans = newPlans();
  }

  /** @returns a promise only where the catalog has to be asked */
  for(statement: Statement, searchPath: readonly string[]): StatementPlan | Promise<StatementPlan> {
    const needsPlan =
      (statement.kind === "write" && statement.analysis.command !== "explain") ||
      (statement.kind === "read" &&
        (statement.analysis.lockingClause !== "none" || this.#mayCall(statement.analysis)));
    if (!needsPlan) return asWritten;
    const key = `${searchPath.join(",")}\0${statement.text}`;
    return this.#plans.get(key) ?? this.#keep(key, statement, searchPath);
  }

  /** A read that names functions, or views that call some. */
  #mayCall(analysis: Analysis): boolean {
    if (analysis.functions.length > 0) return true;
    const facts = this.#catalog.knownFunctions;
    return facts === undefined || calledBy(analysis).some((name) => facts.writing.has(name));
  }

  /** As `for`, with the rows recorded in any case. */
  async recorded(statement: Statement, searchPath: readonly string[]): Promise<StatementPlan> {
    return await this.#make(statement, searchPath, true);
  }

  async #keep(key: string, statement: Statement, searchPath: readonly string[]): Promise<StatementPlan> {
    // What was asked for before the catalog changed must not be kept after it: it goes where it is forgotten.
    const plans = this.#plans;
    const plan = await this.#make(statement, searchPath, false);
    if (key.length <= plannedCharactersPerStatementMax) plans.set(key, plan, textsPerPlan * key.length);
    return plan;
  }

  async #make(
    statement: Statement,
    searchPath: readonly string[],
    recordsAlways: boolean,
  ): Promise<StatementPlan> {
    const tables = await this.#catalog.tablesOf(statement, searchPath);
    const functions = await this.#catalog.functions();
    const recording = planRecording(statement, tables, functions.volatile, recordsAlways);
    const plan: StatementPlan = {
      refusal: this.#options.locksByKeyOnly === true ? refuseLock(statement, tables) : undefined,
      ...keyChanges(statement, tables),
      releases: setsReference(statement, tables),
      ...effects(statement, tables, functions),
      isUnrepeatable: isUnrepeatable(statement, tables, functions, recording),
      recording,
      locking: planLocking(statement, tables),
      rowSize: this.#rowSize(statement, tables),
      hasRows: statement.kind !== "write" || statement.analysis.hasReturning,
      isMeasured: false,
    };
    const measured = { ...plan, isMeasured: true };
    return {
      ...plan,
      text: textOf(statement, plan),
      measured: canMeasure(statement, plan) ? { ...measured, text: textOf(statement, measured) } : undefined,
    };
  }

  #rowSize(statement: Statement, tables: StatementTables): RowSize | undefined {
    if (statement.kind !== "write") return undefined;
    const { analysis, text } = statement;
    const target = analysis.dml?.target ?? analysis.relations.find(({ role }) => role === "target");
    const table = target === undefined ? undefined : tables.of(target);
    return table === undefined ? undefined : rowSizeOf(table, analysis, text, this.#options.limits);
  }
}

function canMeasure(statement: Statement, { rowSize }: StatementPlan): boolean {
  if (statement.kind !== "write" || rowSize === undefined || rowSize.measuredFrom === Infinity) return false;
  return statement.analysis.dml !== undefined && !statement.analysis.hasDataModifyingCte;
}

/** @returns undefined when nothing is changed */
function textOf(statement: Statement, plan: StatementPlan): string | undefined {
  const edits = [...(plan.locking?.edits ?? [])];
  const dml = statement.kind === "write" ? statement.analysis.dml : undefined;
  const added: string[] = [];
  if (plan.recording !== undefined) added.push(plan.recording.expression);
  if (plan.isMeasured && dml !== undefined) {
    const alias = quoteName(dml.target.alias ?? dml.target.name);
    added.push(plan.rowSize?.measure(alias) ?? "''");
  }
  if (added.length > 0) edits.push(returningAlso(statement.text, dml?.returning, added));
  return edits.length === 0 ? undefined : applyEdits(statement.text, edits);
}

const noKeys = { freesKeys: false, takesKeys: false };

function keyChanges(
  statement: Statement,
  tables: StatementTables,
): Pick<StatementPlan, "freesKeys" | "takesKeys"> {
  if (statement.kind !== "write") return noKeys;
  const { command, dml, hasDataModifyingCte } = statement.analysis;
  if (command === "copyIn") return { freesKeys: false, takesKeys: true };
  if (hasDataModifyingCte || dml === undefined) return { freesKeys: true, takesKeys: true };
  if (command === "insert") {
    return { freesKeys: setsKeyOnConflict(statement.analysis, tables.of(dml.target)), takesKeys: true };
  }
  if (command === "delete") return { freesKeys: true, takesKeys: false };
  const table = tables.of(dml.target);
  const changesKeys = table === undefined || setsKey(dml.set, table);
  return { freesKeys: changesKeys, takesKeys: changesKeys };
}

/** Of an UPDATE, or one that an INSERT makes of the row that it meets. Deletions are known as such. */
function setsReference(statement: Statement, tables: StatementTables): boolean {
  if (statement.kind !== "write" || statement.analysis.dml === undefined) return false;
  const { dml } = statement.analysis;
  const table = tables.of(dml.target);
  if (table === undefined) return false;
  const own = table.foreignKeys.filter(({ child }) => isSame(child, table)).flatMap(({ columns }) => columns);
  if (own.length === 0) return false;
  if (dml.set === "complex") return true;
  const set = [...(dml.set?.map(({ column }) => column) ?? []), ...setOnConflict(statement.analysis)];
  return set.some((column) => own.includes(column));
}

/** The columns that `ON CONFLICT … DO UPDATE` sets; one that is not known by name is empty. */
function setOnConflict({ tree, dml }: Analysis): readonly string[] {
  if (dml?.onConflict === undefined) return [];
  const clause = unwrap(tree)?.fields["onConflictClause"] as TreeNode | undefined;
  return listOf(clause?.["targetList"]).map((target) => {
    const name = unwrap(target)?.fields["name"];
    return typeof name === "string" ? name : "";
  });
}

/** `ON CONFLICT … DO UPDATE` may change a key of the row that it meets. */
function setsKeyOnConflict(analysis: Analysis, table: Table | undefined): boolean {
  const targets = setOnConflict(analysis);
  if (targets.length === 0) return false;
  if (table === undefined || table.hasOtherUniqueIndex) return true;
  return targets.some((name) => name === "" || isKeyColumn(table, name));
}

function effects(
  statement: Statement,
  tables: StatementTables,
  functions: FunctionFacts,
): Pick<StatementPlan, "callsWritingFunction" | "mayLockUnseen" | "callsLocking" | "changesOthers"> {
  if (statement.kind !== "read" && statement.kind !== "write") return asWritten;
  const { analysis } = statement;
  const writes = callsOne(analysis, functions.writing);
  return {
    callsWritingFunction: statement.kind === "read" && writes,
    mayLockUnseen: writes,
    callsLocking: callsOne(analysis, functions.locking),
    changesOthers: writes || analysis.hasDataModifyingCte || cascades(statement, tables),
  };
}

function callsOne(analysis: Analysis, of: ReadonlySet<string>): boolean {
  return calledBy(analysis).some((name) => of.has(name));
}

/** What it has written cannot be written again, neither by running it nor from the rows that it has shown. */
function isUnrepeatable(
  statement: Statement,
  tables: StatementTables,
  functions: FunctionFacts,
  recording: RecordingPlan | undefined,
): boolean {
  if (statement.kind !== "read" && statement.kind !== "write") return false;
  const { analysis } = statement;
  if (callsOne(analysis, functions.unrepeatable)) return true;
  const acts = callsOne(analysis, functions.changing) || callsOne(analysis, functions.locking);
  // Rows from images do not call again what the statement has called.
  if (acts && (callsOne(analysis, functions.differing) || recording?.forRedo === true)) return true;
  if (statement.kind === "read" || recording?.forRedo === true) return false;
  const target = analysis.dml?.target ?? analysis.relations.find(({ role }) => role === "target");
  const table = target === undefined ? undefined : tables.of(target);
  return mayDiffer(statement, table, functions.volatile);
}

/** Foreign keys may change rows of other tables along with those of the statement. */
function cascades(statement: Statement, tables: StatementTables): boolean {
  if (statement.kind !== "write") return false;
  const { command, dml, relations } = statement.analysis;
  return relations.some((relation) => {
    const table = relation.role === "target" ? tables.of(relation) : undefined;
    if (table === undefined) return false;
    if (command === "delete") return table.cascadesOn.delete;
    return table.cascadesOn.update && (command === "update" || dml?.onConflict !== undefined);
  });
}
