/**
 * Holds a statement against the rules of the service that were in force at a date.
 *
 * Tests: refusals.test.ts.
 */
import {
  createSubject,
  errors,
  refuse,
  rules,
  rulesAsOf,
  type Subject,
  supportedTypes,
} from "@dsql-local/spec";
import { lex } from "@dsql-local/sql";
import type { Node } from "libpg-query";
import type { LimitValues, SqlErrorFields } from "../base/index.ts";
import { as } from "./tree.ts";

export interface CheckedStatement {
  readonly node: Node;
  readonly text: string;
  /** Whether DSQL's ASYNC was written. */
  readonly isAsync: boolean;
  /** It stands in the quoted body of a function. */
  readonly isBody: boolean;
}

export interface Refusal {
  readonly ruleId: string;
  readonly fields: SqlErrorFields;
}

/** A type as the catalog knows it, where a statement does not show it. */
export interface KnownType {
  /** PostgreSQL's internal name: `int4`. */
  readonly name: string;
  /** As PostgreSQL prints it: `integer`. */
  readonly shown: string;
  readonly isArray: boolean;
}

/** The rules in force at a date. */
export interface Check {
  /** @returns what the first rule that fits says; undefined when none does */
  statement(statement: CheckedStatement): Refusal | undefined;
  /** @returns why no column may have the type */
  columnType(type: KnownType): SqlErrorFields | undefined;
  /** @returns why no key may hold the type */
  keyType(type: KnownType): SqlErrorFields | undefined;
}

/**
 * @param limits - those that were lowered
 * @throws {RangeError} when `asOf` names no date
 */
export function createCheck(asOf: string, limits: Partial<LimitValues> = {}): Check {
  const ruleSet = rulesAsOf(rules, asOf, limits);
  const refusal = (subject: Subject): Refusal | undefined => {
    const refused = refuse(subject, ruleSet);
    if (refused === undefined) return undefined;
    const { rule, ...fields } = refused;
    return { ruleId: rule.id, fields };
  };
  return {
    statement({ node, text, isAsync, isBody }) {
      const writes = (keyword: string): boolean => writesKeyword(text, keyword);
      const isOfFunction = isBody || as(node, "CreateFunctionStmt") !== undefined;
      return refusal(createSubject(node, { isAsync, isOfFunction, writes }));
    },
    columnType: (type) => refusal(subjectOf("ColumnType", { ...type }))?.fields ?? refuseUnknown(type),
    keyType: (type) => refusal(subjectOf("KeyColumn", { type }))?.fields ?? refuseUnknownKey(type),
  };
}

/** Of one of the nodes that rules ask for, without the statement that it stands in. */
function subjectOf(type: string, fields: Subject["fields"]): Subject {
  return { type: "", fields: {}, isAsync: false, writes: () => false, nodes: new Map([[type, [fields]]]) };
}

const takenTypes: ReadonlySet<string> = new Set(supportedTypes.map(({ name }) => name));

/** A type that no rule names: the row type of a table, one that is left of another program. */
function refuseUnknown({ name, shown }: KnownType): SqlErrorFields | undefined {
  return takenTypes.has(name) ? undefined : errors.datatypeNotSupported(shown);
}

/** What no column can hold comes of an expression: an array, a text search vector. */
function refuseUnknownKey({ name, shown, isArray }: KnownType): SqlErrorFields | undefined {
  return takenTypes.has(name) && !isArray ? undefined : errors.keyTypeNotSupported(shown);
}

function writesKeyword(text: string, keyword: string): boolean {
  return lex(text).some(
    ({ kind, depth, start, end }) =>
      kind === "word" && depth === 0 && text.slice(start, end).toUpperCase() === keyword,
  );
}
