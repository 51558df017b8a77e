/**
 * One table of the kinds of statements: how a session runs each, and what it says of it before PostgreSQL is asked. The compiler
 * holds it complete; what is true of a kind wherever it runs stands in sql/kinds.ts.
 */
import type { Kind, Statement } from "../../sql/index.ts";
import type { Description } from "../../transaction/index.ts";
import { begin, commit, rollback } from "./block-kinds.ts";
import type { KindHandler } from "./kind.ts";
import {
  createIndex,
  deallocateAll,
  iamGrant,
  iamRevoke,
  validateConstraint,
  waitForJob,
} from "./own-kinds.ts";
import { analyze, ddl, read, setConstraints, write } from "./query-kinds.ts";
import { reset, set, show } from "./setting-kinds.ts";

const kinds = {
  begin,
  commit,
  rollback,
  set,
  reset,
  setConstraints,
  show,
  deallocateAll,
  read,
  write,
  ddl,
  createIndexAsync: createIndex,
  validateConstraintAsync: validateConstraint,
  iamGrant,
  iamRevoke,
  waitForJob,
  analyze,
} satisfies { readonly [K in Kind]: KindHandler<K> };

/** The row of a statement's kind. The table pairs each kind with its statement; only the compiler cannot follow a look-up. */
export function handlerOf(statement: Statement): KindHandler<Kind> {
  return kinds[statement.kind];
}

/** @returns undefined where PostgreSQL describes the statement */
export function describeOwn(statement: Statement): Description | undefined {
  return handlerOf(statement).describe?.(statement);
}

export type { Running } from "./kind.ts";
