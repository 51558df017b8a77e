/**
 * UPDATE and DELETE of a doomed transaction, as a SELECT over its shadow.
 */
import { applyEdits, lex, type Range } from "@dsql-local/sql";
import { SqlError } from "../../base/index.ts";
import { type Analysis, type DmlShape, type SetItem } from "../../sql/index.ts";
import {
  type Column,
  type ForeignKey,
  imageOf,
  isSame,
  qualifiedName,
  quoteName,
  type Table,
} from "../../catalog/index.ts";
import { type Answer, answer } from "./answer.ts";
import type { ShadowAnswer, ShadowStatement } from "./shadow-statement.ts";
import { followReferences, needParents } from "./foreign-keys.ts";
import { type ChangedRow, checkUnique, nthColumn, placeColumn, type ShadowTable } from "./shadow-table.ts";

/** Whether a SELECT can stand for the statement. */
export function isPlainChange(analysis: Analysis): boolean {
  const { dml } = analysis;
  if (dml === undefined || (analysis.command !== "update" && analysis.command !== "delete")) return false;
  if (dml.set === "complex") return false;
  if (dml.set?.some((item) => item.value === "default") === true) return false;
  // RETURNING could name the columns of the other tables.
  return dml.from === undefined || dml.returning === undefined;
}

/** The shadow's own columns in front of the client's: place, number, image, then one per rule that new rows must keep. */
const fixedColumns = 3;

export async function changeInShadow(statement: ShadowStatement): Promise<ShadowAnswer> {
  const { hold, execution, analysis, target } = statement;
  const dml = shapeOf(analysis);
  const rules = analysis.command === "update" ? rulesOf(target.table) : [];
  const rewritten = {
    text: changeText(statement, dml, rules),
    ownColumns: fixedColumns + rules.length,
    hasRows: dml.returning !== undefined,
  };
  const given = await answer(hold, execution, rewritten, statement.rowsMax);
  if (given.result.kind !== "complete") return given;
  checkRules(given, rules);
  await apply(statement, given, dml);
  const command = analysis.command === "update" ? "UPDATE" : "DELETE";
  return { result: { kind: "complete", tag: `${command} ${given.rows}` }, frames: given.frames };
}

function shapeOf(analysis: Analysis): DmlShape {
  if (analysis.dml === undefined) throw new TypeError("a change has a shape");
  return analysis.dml;
}

function changeText(statement: ShadowStatement, dml: DmlShape, rules: readonly Rule[]): string {
  const { substitution, target } = statement;
  const { table } = target;
  const name = quoteName(dml.target.alias ?? dml.target.name);
  const part = (range: Range | undefined): string => (range === undefined ? "" : substitution.part(range));
  const values = table.columns.map(
    (column, index) => `${valueOf(column, dml, name, part)} AS "dsql ${index}"`,
  );
  const others = dml.from === undefined ? "" : `, ${part(dml.from)}`;
  // PostgreSQL changes a row once even when several rows of the other tables match it.
  const once = dml.from === undefined ? "" : `DISTINCT ON (${name}.${placeColumn}, ${name}.${nthColumn}) `;
  const inner =
    `SELECT ${once}${[`${name}.${placeColumn}`, `${name}.${nthColumn}`, ...values].join(", ")} ` +
    `FROM ${target.source("identified")} AS ${name}${others}${dml.where === undefined ? "" : ` WHERE ${part(dml.where)}`}`;
  const columns = table.columns.map((column, index) => `row."dsql ${index}" AS ${quoteName(column.name)}`);
  const image = table.columns.map((_, index) => `row."dsql ${index}"`).join(", ");
  const own = [
    `row.${placeColumn}::pg_catalog.text`,
    `row.${nthColumn}::pg_catalog.text`,
    imageOf(table, `ROW(${image})::${qualifiedName(table)}`),
    ...rules.map((rule) => `(${rule.condition(name)})::pg_catalog.text`),
  ];
  const returning = dml.returning === undefined ? "" : `, ${expandStars(part(dml.returning), name)}`;
  return (
    `${part(dml.with)} SELECT ${own.join(", ")}${returning} ` +
    // One more than may be changed is enough to say so.
    `FROM (${inner}) AS row CROSS JOIN LATERAL (SELECT ${columns.join(", ")}) AS ${name} LIMIT ${statement.rowsMax + 1}`
  );
}

function valueOf(
  column: Column,
  dml: DmlShape,
  name: string,
  part: (range: Range | undefined) => string,
): string {
  const item = dml.set === "complex" ? undefined : dml.set?.find((one) => one.column === column.name);
  if (item === undefined || item.value === "default") return `${name}.${quoteName(column.name)}`;
  return `CAST(${setValue(item.part, part(item.value))} AS ${column.type})`;
}

/** One column's share of a value that is given for several at once. */
function setValue(of: SetItem["part"], value: string): string {
  if (of === undefined) return value;
  const names = Array.from({ length: of.count }, (_, place) => `"dsql ${place}"`);
  const rows = of.of === "query" ? value : `(VALUES ${value.replace(/^row\b/i, "")})`;
  return `(SELECT given.${names[of.place] ?? ""} FROM ${rows} AS given(${names.join(", ")}))`;
}

/** `*` as an item of its own means the table's columns only. */
function expandStars(list: string, name: string): string {
  const lexemes = lex(list);
  const stars = lexemes.filter((lexeme, index) => {
    const before = lexemes[index - 1];
    const startsItem = before === undefined || (list.charAt(before.start) === "," && before.depth === 0);
    return lexeme.depth === 0 && startsItem && list.slice(lexeme.start, lexeme.end) === "*";
  });
  return applyEdits(
    list,
    stars.map((star) => ({ ...star, text: `${name}.*` })),
  );
}

/** What PostgreSQL checks of a new row. */
interface Rule {
  condition(name: string): string;
  violated(image: string): SqlError;
}

function rulesOf(table: Table): readonly Rule[] {
  const notNull = table.columns
    .filter((column) => column.isNotNull)
    .map((column) => ({
      condition: (name: string) => `${name}.${quoteName(column.name)} IS NOT NULL`,
      violated: (image: string) =>
        new SqlError({
          sqlstate: "23502",
          message: `null value in column "${column.name}" of relation "${table.name}" violates not-null constraint`,
          detail: failingRow(image),
          objects: { schema: table.schema, table: table.name, column: column.name },
        }),
    }));
  const checks = table.checks.map((check) => ({
    condition: () => `(${check.condition}) IS NOT FALSE`,
    violated: (image: string) =>
      new SqlError({
        sqlstate: "23514",
        message: `new row for relation "${table.name}" violates check constraint "${check.name}"`,
        detail: failingRow(image),
        objects: { schema: table.schema, table: table.name, constraint: check.name },
      }),
  }));
  return [...notNull, ...checks];
}

function failingRow(image: string): string {
  return `Failing row contains ${image.replaceAll(",", ", ")}.`;
}

function checkRules(given: Answer, rules: readonly Rule[]): void {
  for (const row of given.own) {
    for (const [index, rule] of rules.entries()) {
      if (row[fixedColumns + index] !== "true") throw rule.violated(row[2] ?? "");
    }
  }
}

async function apply(statement: ShadowStatement, given: Answer, dml: DmlShape): Promise<void> {
  const { target, analysis, hold } = statement;
  const images: string[] = [];
  const changed: ChangedRow[] = [];
  for (const [place, nth, image] of given.own) {
    const next = analysis.command === "update" ? (image ?? "") : undefined;
    if (place !== null && place !== undefined) {
      changed.push({ place, next });
      target.hide(place);
      if (next !== undefined) target.add(next);
    } else {
      changed.push({ own: target.imageAt(Number(nth)), next });
      target.replace(Number(nth), next);
    }
    if (next !== undefined) images.push(next);
  }
  if (changesKey(target, dml)) await checkUnique(hold, target, images);
  const set = analysis.command === "delete" ? undefined : setColumns(dml);
  await needParents(statement.keys, target, images, set);
  const mayRelease = ({ parent, parentColumns }: ForeignKey): boolean =>
    isSame(parent, target.table) && (set === undefined || parentColumns.some((column) => set.has(column)));
  if (target.table.foreignKeys.some(mayRelease)) await followReferences(statement.keys, target, changed);
}

function setColumns(dml: DmlShape): ReadonlySet<string> {
  const items = dml.set === undefined || dml.set === "complex" ? [] : dml.set;
  return new Set(items.map((item) => item.column));
}

function changesKey(target: ShadowTable, dml: DmlShape): boolean {
  const changed = setColumns(dml);
  if (target.table.hasOtherUniqueIndex) return true;
  return target.table.uniqueKeys.some((key) => key.columns.some((column) => changed.has(column)));
}
