import type { Node } from "libpg-query";
import { quotePortableLiteral } from "@dsql-local/sql";
import { as, stringsOf } from "./tree.ts";

/**
 * Writes the value of a SET again so that it stands after `SET name TO`. `SET search_path TO a, "B"` and
 * `SET TIME ZONE INTERVAL '2' HOUR` have forms of their own; as quoted strings they mean the same everywhere.
 */
export function settingValue(values: readonly Node[]): string {
  return values.map(oneValue).join(", ");
}

function oneValue(value: Node): string {
  const interval = as(value, "TypeCast");
  if (interval !== undefined)
    return quotePortableLiteral(
      `INTERVAL ${quotePortableLiteral(intervalText(interval.arg, interval.typeName?.typmods))}`,
    );
  const constant = as(value, "A_Const");
  if (constant?.ival !== undefined) return String(constant.ival.ival ?? 0);
  if (constant?.fval !== undefined) return constant.fval.fval ?? "0";
  return quotePortableLiteral(constant?.sval?.sval ?? stringsOf([value])[0] ?? "");
}

/** PostgreSQL's mask for an interval that was declared HOUR (`INTERVAL '2' HOUR`). */
const hourOnly = 1 << 10;

function intervalText(argument: Node | undefined, modifiers: readonly Node[] | undefined): string {
  const text = as(argument, "A_Const")?.sval?.sval ?? "";
  const isHours = as(modifiers?.[0], "A_Const")?.ival?.ival === hourOnly && /^[+-]?\d+$/.test(text);
  return isHours ? `${text} hours` : text;
}
