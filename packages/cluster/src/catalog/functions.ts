/**
 * What functions may do that a statement's own text does not show: give another value with each call, change rows, or
 * both. Known by lower-case name; of several functions with one name the worst counts. A view calls what its query calls, and
 * a table what its defaults and checks do, so they stand among the functions, by keys of their own.
 *
 * Tests: functions.test.ts, test/statement-plans.test.ts.
 */
import type { Requester } from "../backend/index.ts";
import type { Analysis } from "../sql/index.ts";
import { callsAny, isPlain } from "./table.ts";

export interface FunctionFacts {
  /** They may answer differently within one transaction. */
  readonly volatile: ReadonlySet<string>;
  /** Of the clients' own, those through which a SELECT may change or lock something; and set_config(). */
  readonly writing: ReadonlySet<string>;
  /** Of these, those that may write other values when they are called again. */
  readonly unrepeatable: ReadonlySet<string>;
  /** Of the clients' own, those through which rows may change. */
  readonly changing: ReadonlySet<string>;
  /** They may write other values when they are called again, if they write any. */
  readonly differing: ReadonlySet<string>;
  /** Of the clients' own, those through which rows may be locked. */
  readonly locking: ReadonlySet<string>;
  /** Definitions of all of the clients' own, as SQL. */
  readonly bodies: ReadonlyMap<string, string>;
}

/** A client's own function; or a view, or a table with its defaults and checks, that may call one. */
export interface OwnFunction {
  /** A relation's is its `viewKey` or `tableKey`. */
  readonly name: string;
  /** Its definition, as SQL. Of a relation what it calls, with parentheses, and the relations that it reads. */
  readonly body: string;
  /** It is declared stable or immutable, so PostgreSQL lets it write nothing itself; what it calls may. */
  readonly isStable?: boolean;
}

/** What a view does when it is read, among the names of functions. */
export const viewKey = (name: string): string => `view ${name.toLowerCase()}`;

/** What a table does when it is written to: those of the clients' own that its defaults and its checks call. */
export const tableKey = (name: string): string => `table ${name.toLowerCase()}`;

const isTable = (name: string): boolean => name.startsWith(tableKey(""));

/** What a cast to a domain does, among the names of functions: its checks, and those of the domains that it is based on. */
export const domainKey = (name: string): string => `domain ${name.toLowerCase()}`;

/** All that a statement may call: functions that its text names, and what its relations and its types stand for. */
export function calledBy({
  functions,
  relations,
  types,
}: Pick<Analysis, "functions" | "relations" | "types">): readonly string[] {
  const behind = relations.flatMap(({ name, role }) =>
    role === "target" ? [viewKey(name), tableKey(name)] : [viewKey(name)],
  );
  return [...functions, ...behind, ...types.map(domainKey)];
}

const locks = /\bfor\s+(?:no\s+key\s+)?update\b/gi;
const locksRows = /\bfor\s+(?:update|no\s+key|key|share)\b/i;
const changes = /\b(?:insert|update|delete|merge|copy|call)\b/i;

/** @param volatile - names of all that are declared volatile, or as good as */
export function functionFacts(volatile: ReadonlySet<string>, own: readonly OwnFunction[]): FunctionFacts {
  const acts = ({ isStable, body }: OwnFunction, does: RegExp): boolean =>
    isStable !== true && does.test(body);
  const locking = spread(new Set(), own, (one) => acts(one, locksRows));
  const writing = spread(new Set(["set_config"]), own, (one) => acts(one, changes) || acts(one, locksRows));
  const names = new Set(own.map(({ name }) => name));
  // Called again, set_config() sets the same.
  const builtIn = new Set([...volatile].filter((name) => !names.has(name) && name !== "set_config"));
  // A column's default may be volatile, so every INSERT counts.
  const differing = spread(builtIn, own, ({ body }) => /\binsert\b/i.test(body));
  // Redo writes the rows that a table has got without asking its defaults again.
  const unrepeatable = new Set(
    [...writing].filter((name) => names.has(name) && (differing.has(name) || isTable(name))),
  );
  const changing = spread(new Set(), own, ({ isStable, body }) =>
    acts({ name: "", isStable: isStable === true, body: body.replace(locks, "") }, changes),
  );
  const bodies = new Map<string, string>();
  for (const { name, body } of own) bodies.set(name, `${bodies.get(name) ?? ""}\n${body}`);
  // A stable function, or a view, may call what answers otherwise each time.
  const answering = spread(
    volatile,
    own.filter(({ name }) => !isTable(name)),
    () => false,
  );
  return { volatile: answering, writing, unrepeatable, changing, differing, locking, bodies };
}

/** Whether one of them, or one that it calls, names one of the tables. */
export function mentions(
  { bodies }: FunctionFacts,
  called: readonly string[],
  tables: ReadonlySet<string>,
): boolean {
  const own = [...bodies].map(([name, body]) => ({ name, body }));
  const reading = spread(new Set(), own, ({ body }) => namesOne(body, tables));
  return called.some((name) => reading.has(name));
}

/** Whether a text has one of the names in it. */
function namesOne(body: string, names: Iterable<string>): boolean {
  const text = body.toLowerCase();
  const words = new Set(text.match(/[a-z_][a-z0-9_$]*/g));
  return [...names].some((name) => {
    const lower = name.toLowerCase();
    return words.has(lower) || (!isPlain(lower) && text.includes(lower));
  });
}

/** The names that `isFirst` picks, and those whose bodies call one that is in already, or name such a view, and so on. */
function spread(
  start: ReadonlySet<string>,
  own: readonly OwnFunction[],
  isFirst: (one: OwnFunction) => boolean,
): ReadonlySet<string> {
  const found = new Set(start);
  for (const one of own) if (isFirst(one)) found.add(one.name);
  for (let before = 0; before < found.size;) {
    before = found.size;
    for (const { name, body } of own) {
      if (!found.has(name) && (callsAny(body, found) || namesBehind(name, body, found))) found.add(name);
    }
  }
  return found;
}

/** It reads one of the views that are in, or it is one that writes through to one of the tables. */
function namesBehind(name: string, body: string, found: ReadonlySet<string>): boolean {
  const prefix = (isTable(name) ? tableKey : viewKey)("");
  const behind = [...found].filter((one) => one.startsWith(prefix)).map((one) => one.slice(prefix.length));
  return behind.length > 0 && namesOne(body, behind);
}

export async function askFunctionFacts(system: Requester): Promise<FunctionFacts> {
  // statement_timestamp() is stable within a statement only, so it counts too.
  const volatile = await system.request(
    "SELECT DISTINCT lower(proname) FROM pg_proc WHERE provolatile = 'v' OR proname = 'statement_timestamp'",
  );
  // Only the body: a definition as a whole names the function itself, which would then call itself.
  const own = await system.request(
    `SELECT lower(p.proname), coalesce(pg_get_function_sqlbody(p.oid), p.prosrc), p.provolatile <> 'v'
     FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE p.prokind = 'f'
       AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'sys', 'pg_dsql', 'aws_dsql') AND p.oid >= 16384`,
  );
  const functions = own.rows.map(([name, body, isStable]) => ({
    name: name ?? "",
    body: body ?? "",
    isStable: isStable === "t",
  }));
  const { rows } = await system.request(relationsQuery);
  const behind = rows.flatMap(([kind, name, body]) =>
    keysOf(kind ?? "").map((keyOf) => ({ name: keyOf(name ?? ""), body: body ?? "" })),
  );
  return functionFacts(new Set(volatile.rows.map(([name]) => name ?? "")), [...functions, ...behind]);
}

/** Who writes to a view has the defaults and checks of its table called. */
function keysOf(kind: string): readonly ((name: string) => string)[] {
  if (kind === "v") return [viewKey, tableKey];
  return [kind === "d" ? domainKey : tableKey];
}

/**
 * What views call and read, and what tables call by their defaults and checks, or by those of their columns' domains. Read from
 * PostgreSQL's trees: to print an expression it would lock the table, and wait for whoever changes that.
 */
const relationsQuery = `
WITH tree AS MATERIALIZED (
  SELECT ev_class AS relation, ev_action::text AS nodes FROM pg_rewrite WHERE oid >= 16384
  UNION ALL SELECT adrelid, adbin::text FROM pg_attrdef WHERE oid >= 16384
  UNION ALL SELECT conrelid, conbin::text FROM pg_constraint WHERE contype = 'c' AND conrelid >= 16384
  UNION ALL SELECT a.attrelid, k.conbin::text FROM pg_constraint k JOIN pg_attribute a ON a.atttypid = k.contypid
    WHERE k.contype = 'c' AND k.contypid >= 16384
  UNION ALL SELECT a.attrelid, t.typdefaultbin::text FROM pg_type t JOIN pg_attribute a ON a.atttypid = t.oid
    WHERE t.typtype = 'd' AND t.oid >= 16384),
checked AS (
  WITH RECURSIVE above AS (
    SELECT oid, oid AS base FROM pg_type WHERE typtype = 'd' AND oid >= 16384
    UNION ALL SELECT above.oid, t.typbasetype FROM above JOIN pg_type t ON t.oid = above.base WHERE t.typtype = 'd' AND t.typbasetype >= 16384)
  SELECT d.typname, string_agg(lower(p.proname) || '()', ' ') AS text
  FROM above JOIN pg_type d ON d.oid = above.oid JOIN pg_constraint k ON k.contypid = above.base,
    regexp_matches(k.conbin::text, ':funcid (\\d+)', 'g') AS found JOIN pg_proc p ON p.oid = found[1]::oid AND p.oid >= 16384
  GROUP BY d.oid, d.typname),
called AS (SELECT DISTINCT relation, found[1]::oid AS oid FROM tree, regexp_matches(nodes, ':funcid (\\d+)', 'g') AS found),
named AS (SELECT DISTINCT relation, found[1]::oid AS oid FROM tree, regexp_matches(nodes, ':relid (\\d+)', 'g') AS found),
word AS (
  SELECT relation, lower(p.proname) || '()' AS text, p.oid >= 16384 AS is_own FROM called JOIN pg_proc p ON p.oid = called.oid
  WHERE p.oid >= 16384 OR p.provolatile = 'v'
  UNION ALL SELECT relation, r.relname, true FROM named JOIN pg_class r ON r.oid = named.oid WHERE r.oid <> relation)
SELECT c.relkind, c.relname, string_agg(word.text, ' ')
FROM word JOIN pg_class c ON c.oid = word.relation JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE (c.relkind = 'v' OR (c.relkind = 'r' AND is_own))
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'sys', 'pg_dsql', 'aws_dsql')
GROUP BY c.oid, c.relkind, c.relname
UNION ALL SELECT 'd', typname, text FROM checked`;
