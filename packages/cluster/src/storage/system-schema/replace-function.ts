/**
 * Gives a function of PostgreSQL's own another answer, under its own oid, so that every way of calling it agrees.
 *
 * PostgreSQL calls a function of its own by its oid, whatever the catalog says of it, unless the planner has put the
 * definition in its place. It does so when that is one call, as strict as the function; hence two steps: PostgreSQL's
 * function calls `pg_dsql.shown_<name>`, which may be anything.
 */
export interface Replacement {
  readonly name: string;
  /** Types of the arguments: `oid, integer, boolean`. */
  readonly takes: string;
  readonly gives: string;
  /** Name of PostgreSQL's function in C. */
  readonly symbol: string;
  /** The new answer; `$original` stands for what PostgreSQL would have said. */
  readonly instead: string;
}

export function replaceFunction({ name, takes, gives, symbol, instead }: Replacement): string {
  const arguments_ = takes.split(",").map((_, index) => `$${index + 1}`);
  const call = (schema: string): string => `${schema}_${name}(${arguments_.join(", ")})`;
  const kind = "STABLE STRICT PARALLEL SAFE";
  return `
CREATE FUNCTION pg_dsql.original_${name}(${takes}) RETURNS ${gives} LANGUAGE internal ${kind} AS '${symbol}';
CREATE FUNCTION pg_dsql.shown_${name}(${takes}) RETURNS ${gives} LANGUAGE sql ${kind}
RETURN ${instead.replaceAll("$original", () => call("pg_dsql.original"))};
CREATE OR REPLACE FUNCTION pg_catalog.${name}(${takes}) RETURNS ${gives} LANGUAGE sql ${kind} RETURN ${call("pg_dsql.shown")}`;
}
