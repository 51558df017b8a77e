/**
 * Cuts a top-level INSERT, UPDATE or DELETE into its pieces, as ranges of the text.
 *
 * The tree says which clauses there are, the lexemes say where: every keyword that is looked for stands outside all
 * parentheses, and is reserved, so a word of that spelling is the keyword unless it follows `.` or AS.
 *
 * Tests: dml-shape.test.ts.
 */
import { lex, type Lexeme, type Range } from "@dsql-local/sql";
import type { DeleteStmt, InsertStmt, Node, UpdateStmt, WithClause } from "libpg-query";
import { assert, defined } from "../base/index.ts";
import { relationRef, type StatementText } from "./analyse.ts";
import type { DmlShape, RelationRef, SetItem } from "./statement.ts";
import { as, nodeType } from "./tree.ts";

/** @returns undefined when the statement is not an INSERT, UPDATE or DELETE */
export function dmlShape(root: Node, statement: StatementText): DmlShape | undefined {
  const insert = as(root, "InsertStmt");
  if (insert !== undefined) return insertShape(insert, new Cutter(statement, insert));
  const update = as(root, "UpdateStmt");
  if (update !== undefined) return updateShape(update, new Cutter(statement, update));
  const remove = as(root, "DeleteStmt");
  return remove && deleteShape(remove, new Cutter(statement, remove));
}

function insertShape(insert: InsertStmt, cut: Cutter): DmlShape {
  const returning = cut.keywordAfterTarget("RETURNING", insert.returningList);
  const onConflict =
    insert.onConflictClause && cut.indexAt(cut.statement.offsetOf(insert.onConflictClause.location));
  const sourceStart = cut.insertSourceStart(insert);
  return {
    ...cut.start(),
    ...(insert.cols !== undefined && {
      insertColumns: insert.cols.map((column) => as(column, "ResTarget")?.name ?? ""),
    }),
    ...(insert.override !== "OVERRIDING_NOT_SET" && {
      overriding: cut.between(sourceStart - 3, sourceStart),
    }),
    insertSource: cut.between(sourceStart, onConflict ?? returning ?? cut.end),
    ...(onConflict !== undefined && { onConflict: cut.between(onConflict, returning ?? cut.end) }),
    ...cut.returning(returning),
  };
}

function updateShape(update: UpdateStmt, cut: Cutter): DmlShape {
  const returning = cut.keywordAfterTarget("RETURNING", update.returningList);
  const where = cut.keywordAfterTarget("WHERE", update.whereClause);
  const from = cut.keywordAfterTarget("FROM", update.fromClause);
  const setEnd = from ?? where ?? returning ?? cut.end;
  return {
    ...cut.start(),
    set: setItems(update.targetList ?? [], setEnd, cut),
    ...(from !== undefined && { from: cut.between(from + 1, where ?? returning ?? cut.end) }),
    ...(where !== undefined && { where: cut.between(where + 1, returning ?? cut.end) }),
    ...cut.returning(returning),
  };
}

function deleteShape(remove: DeleteStmt, cut: Cutter): DmlShape {
  const returning = cut.keywordAfterTarget("RETURNING", remove.returningList);
  const where = cut.keywordAfterTarget("WHERE", remove.whereClause);
  const using = cut.keywordAfterTarget("USING", remove.usingClause);
  return {
    ...cut.start(),
    ...(using !== undefined && { from: cut.between(using + 1, where ?? returning ?? cut.end) }),
    ...(where !== undefined && { where: cut.between(where + 1, returning ?? cut.end) }),
    ...cut.returning(returning),
  };
}

function setItems(targets: readonly Node[], setEnd: number, cut: Cutter): readonly SetItem[] | "complex" {
  const columns = targets.map((target) => as(target, "ResTarget") ?? {});
  const parts = columns.map(({ val }) => partOf(val));
  const isComplex = columns.some(
    ({ indirection }, item) => indirection !== undefined || parts[item] === "complex",
  );
  if (isComplex) return "complex";
  const starts = columns.map(({ location }) => cut.indexAt(cut.statement.offsetOf(location)));
  return columns.map(({ name, val }, item): SetItem => {
    const part = parts[item] === "complex" ? undefined : parts[item];
    const last = part === undefined ? item : item - part.place + part.count - 1;
    // name, `=`, then the value up to the comma before the next name; of several names the last has its `)` in front.
    const value = defined(starts[last], "every assignment has its place") + (part === undefined ? 2 : 3);
    const next = starts[last + 1];
    const between = parts[last + 1] === undefined ? 1 : 2;
    const isDefault = val !== undefined && nodeType(val) === "SetToDefault";
    return {
      column: name ?? "",
      value: isDefault ? "default" : cut.between(value, next === undefined ? setEnd : next - between),
      ...(part !== undefined && { part }),
    };
  });
}

/** @returns undefined for a column that is set alone */
function partOf(value: Node | undefined): SetItem["part"] | "complex" {
  const multi = value && as(value, "MultiAssignRef");
  if (multi?.source === undefined) return undefined;
  const place = (multi.colno ?? 1) - 1;
  const count = multi.ncolumns ?? 1;
  if (nodeType(multi.source) === "SubLink") return { place, count, of: "query" };
  const row = as(multi.source, "RowExpr");
  const hasDefault = row?.args?.some((item) => nodeType(item) === "SetToDefault") ?? true;
  return hasDefault ? "complex" : { place, count, of: "row" };
}

/** The lexemes of one statement, from its target on, and ways to name stretches of them. Indexes are lexeme indexes. */
class Cutter {
  readonly statement: StatementText;
  readonly end: number;
  readonly #lexemes: readonly Lexeme[];
  readonly #target: RelationRef;
  /** The lexeme after the target's name. */
  readonly #afterTarget: number;
  readonly #hasWith: boolean;

  constructor(
    statement: StatementText,
    dml: { readonly relation?: InsertStmt["relation"]; readonly withClause?: WithClause },
  ) {
    this.statement = statement;
    this.#lexemes = lex(statement.text);
    this.end = this.#lexemes.length;
    this.#target = relationRef(defined(dml.relation, "DML has a target"), statement, { role: "target" });
    this.#afterTarget = this.#lexemes.findIndex(({ start }) => start >= this.#target.end);
    if (this.#afterTarget < 0) this.#afterTarget = this.end;
    this.#hasWith = dml.withClause !== undefined;
  }

  /** What all three have in front. */
  start(): Pick<DmlShape, "target" | "with"> {
    if (!this.#hasWith) return { target: this.#target };
    // The verb is the last INSERT, UPDATE or DELETE outside parentheses before the target.
    let verb = this.#afterTarget - 1;
    while (!(this.#depth(verb) === 0 && this.#isWord(verb, /^(insert|update|delete)$/i))) verb -= 1;
    return { target: this.#target, with: this.between(0, verb) };
  }

  returning(keyword: number | undefined): Pick<DmlShape, "returning"> {
    return keyword === undefined ? {} : { returning: this.between(keyword + 1, this.end) };
  }

  /** @returns from the first lexeme to the end of the one before `until`, so without surrounding space and comments */
  between(first: number, until: number): Range {
    const from = defined(this.#lexemes[first], "the piece begins within the statement");
    const last = defined(this.#lexemes[until - 1], "the piece ends within the statement");
    assert(first < until, "the piece is not empty");
    return { start: from.start, end: last.end };
  }

  indexAt(offset: number): number {
    let low = 0;
    let high = this.end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#lexemes[middle]?.start ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    assert(this.#lexemes[low]?.start === offset, "PostgreSQL's location is the start of a lexeme");
    return low;
  }

  /** @param clause - undefined when the statement lacks it */
  keywordAfterTarget(keyword: string, clause: unknown): number | undefined {
    if (clause === undefined) return undefined;
    const pattern = new RegExp(`^${keyword}$`, "i");
    for (let index = this.#afterTarget; index < this.end; index += 1) {
      if (this.#depth(index) !== 0 || !this.#isWord(index, pattern)) continue;
      // A column may be called so where no keyword could stand; `IS DISTINCT FROM` is an operator.
      if (!/^(\.|as|distinct)$/i.test(this.#text(index - 1))) return index;
    }
    assert(false, `the statement holds ${keyword}, as its tree says`);
    return undefined;
  }

  /** After `INSERT INTO target [AS alias] [(columns)] [OVERRIDING … VALUE]`. */
  insertSourceStart(insert: InsertStmt): number {
    let index = this.#afterTarget;
    if (insert.relation?.alias !== undefined) index += 2;
    if (insert.cols !== undefined) {
      while (this.#depth(index + 1) > 0) index += 1;
      index += 2;
    }
    return insert.override === "OVERRIDING_NOT_SET" ? index : index + 3;
  }

  #isWord(index: number, pattern: RegExp): boolean {
    return this.#lexemes[index]?.kind === "word" && pattern.test(this.#text(index));
  }

  #text(index: number): string {
    const lexeme = this.#lexemes[index];
    return lexeme === undefined ? "" : this.statement.text.slice(lexeme.start, lexeme.end);
  }

  /** Outside all parentheses at the end of the text, too. */
  #depth(index: number): number {
    return this.#lexemes[index]?.depth ?? 0;
  }
}
