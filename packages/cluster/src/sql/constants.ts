/**
 * Which of a statement's constants mean the same whenever, and for whomever, PostgreSQL reads them.
 *
 * PostgreSQL makes a value of a literal when it parses: `timestamp 'now'`, and the `'now'` of `INSERT … VALUES ($1, 'now')`
 * too, are the time of parsing ever after. A text that is kept parsed may hold only what is proven here to be lasting; where
 * nothing is proven it counts as fleeting. What depends on settings alone (`timestamptz '2024-01-01 00:00'`) may be kept
 * among sessions with the same settings.
 *
 * Source: PostgreSQL documentation, "Date/Time Input", "Special Values"; src/backend/utils/adt/datetime.c.
 * Tests: constants.test.ts, ../../test/session-state.test.ts.
 */
import type { A_Const, TypeCast, TypeName } from "libpg-query";
import { as, stringsOf } from "./tree.ts";

export interface Constants {
  /** Each has one value, whenever it is read. */
  readonly areLasting: boolean;
  /** Names of the types for whose sake a constant is lasting: they must be PostgreSQL's own. */
  readonly types: readonly string[];
}

/** No text of these types says "now": any content is lasting. */
const timeless = new Set([
  ...["text", "varchar", "bpchar", "name", "char", "uuid", "bytea", "bool", "json", "jsonb", "bit", "varbit"],
  ...["int2", "int4", "int8", "float4", "float8", "numeric", "oid", "interval", "regclass", "regtype"],
]);

/** Of these a text without letters names a date or a time of day, and no zone whose offset changes. */
const dates = new Set(["date", "timestamp", "timestamptz", "time"]);

export function constantsOf(tree: unknown): Constants {
  const types = new Set<string>();
  return { areLasting: isLasting(tree, types), types: [...types] };
}

function isLasting(tree: unknown, types: Set<string>): boolean {
  if (typeof tree !== "object" || tree === null) return true;
  for (const field in tree) {
    const child = (tree as Record<string, unknown>)[field];
    if (typeof child !== "object" || child === null) continue;
    if (field === "TypeCast" && isLastingCast(child, types)) continue;
    if (field === "A_Const" ? !isLastingText(child) : !isLasting(child, types)) return false;
  }
  return true;
}

/** `timestamp '2024-01-01'` and `'2024-01-01'::timestamp` are one to the parser. */
function isLastingCast({ arg, typeName }: TypeCast, types: Set<string>): boolean {
  const text = as(arg, "A_Const")?.sval?.sval;
  const type = typeName === undefined ? undefined : plainType(typeName);
  if (text === undefined || type === undefined) return false;
  if (!timeless.has(type) && !(dates.has(type) && !/[a-z]/i.test(text))) return false;
  types.add(type);
  return true;
}

/** @returns undefined for an array, a set, a type of another schema */
function plainType({ names, arrayBounds, setof }: TypeName): string | undefined {
  const path = stringsOf(names);
  if (arrayBounds !== undefined || setof === true) return undefined;
  return path.length === 1 || path[0] === "pg_catalog" ? path.at(-1) : undefined;
}

/**
 * A text whose type shows nowhere. Without digits it is no date and no time of day; the words are looked for in any part of it,
 * since it may be an array, a range or a row; what quotes and escapes may spell is not looked into.
 */
function isLastingText({ sval }: A_Const): boolean {
  const text = sval?.sval ?? "";
  return (
    !/[\d"\\]/.test(text) && !(text.match(/[a-z]+/gi) ?? []).some((word) => moments.has(word.toLowerCase()))
  );
}

const moments = new Set(["now", "today", "tomorrow", "yesterday"]);
