/**
 * Holds a statement against the rules of the service that were in force at a date.
 *
 * Tests: refusals.test.ts.
 */
import { createSubject, refuse, rules, rulesAsOf } from "@dsql-local/spec";
import type { Node } from "libpg-query";
import type { SqlErrorFields } from "../base/index.ts";
import { lex } from "./lexer.ts";

export interface CheckedStatement {
  readonly node: Node;
  readonly text: string;
  /** Whether DSQL's ASYNC was written. */
  readonly isAsync: boolean;
}

export interface Refusal {
  readonly ruleId: string;
  readonly fields: SqlErrorFields;
}

/** @returns what the first rule that fits says; undefined when none does */
export type Check = (statement: CheckedStatement) => Refusal | undefined;

/** @throws {RangeError} when `asOf` names no date */
export function createCheck(asOf: string): Check {
  const ruleSet = rulesAsOf(rules, asOf);
  return ({ node, text, isAsync }) => {
    const writes = (keyword: string): boolean => writesKeyword(text, keyword);
    const refusal = refuse(createSubject(node, { isAsync, writes }), ruleSet);
    if (refusal === undefined) return undefined;
    const { rule, ...fields } = refusal;
    return { ruleId: rule.id, fields };
  };
}

function writesKeyword(text: string, keyword: string): boolean {
  return lex(text).some(
    ({ kind, depth, start, end }) =>
      kind === "word" && depth === 0 && text.slice(start, end).toUpperCase() === keyword,
  );
}
