/**
 * What functions may do that a statement's own text does not show: give another value with each call, change rows, or
 * both. Known by lower-case name; of several functions with one name the worst counts.
 *
 * Tests: functions.test.ts, test/statement-plans.test.ts.
 */
import type { Requester } from "../backend/index.ts";
import { callsAny } from "./table.ts";

export interface FunctionFacts {
  /** They may answer differently within one transaction. */
  readonly volatile: ReadonlySet<string>;
  /** Of the clients' own, those through which a SELECT may change or lock something; and set_config(). */
  readonly writing: ReadonlySet<string>;
  /** Of these, those that may write other values when they are called again. */
  readonly unrepeatable: ReadonlySet<string>;
  /** Of the clients' own, those through which rows may change. */
  readonly changing: ReadonlySet<string>;
  /** Definitions of all of the clients' own, as SQL. */
  readonly bodies: ReadonlyMap<string, string>;
}

/** A client's own function. */
export interface OwnFunction {
  readonly name: string;
  /** Its definition, as SQL. */
  readonly body: string;
  /** It is declared stable or immutable, so PostgreSQL lets it write nothing. */
  readonly isStable?: boolean;
}

const locks = /\bfor\s+(?:no\s+key\s+)?update\b/gi;
const changes = /\b(?:insert|update|delete|merge|copy|call)\b/i;
const writes = /\b(?:insert|update|delete|merge|copy|call)\b|\bfor\s+(?:update|no\s+key|key|share)\b/i;

/** @param volatile - names of all that are declared volatile, or as good as */
export function functionFacts(volatile: ReadonlySet<string>, all: readonly OwnFunction[]): FunctionFacts {
  const own = all.filter(({ isStable }) => isStable !== true);
  const writing = spread(new Set(["set_config"]), own, ({ body }) => writes.test(body));
  const names = new Set(own.map(({ name }) => name));
  // Called again, set_config() sets the same.
  const builtIn = new Set([...volatile].filter((name) => !names.has(name) && name !== "set_config"));
  // A column's default may be volatile, so every INSERT counts.
  const differing = spread(builtIn, own, ({ body }) => /\binsert\b/i.test(body));
  const unrepeatable = new Set([...writing].filter((name) => names.has(name) && differing.has(name)));
  const changing = spread(new Set(), own, ({ body }) => changes.test(body.replace(locks, "")));
  const bodies = new Map<string, string>();
  for (const { name, body } of all) bodies.set(name, `${bodies.get(name) ?? ""}\n${body}`);
  return { volatile, writing, unrepeatable, changing, bodies };
}

/** Whether one of the functions, or one that it calls, names one of the tables. */
export function mentions(
  { bodies }: FunctionFacts,
  called: readonly string[],
  tables: ReadonlySet<string>,
): boolean {
  const own = [...bodies].map(([name, body]) => ({ name, body }));
  const reading = spread(new Set(), own, ({ body }) => namesOne(body, tables));
  return called.some((name) => reading.has(name));
}

function namesOne(body: string, tables: ReadonlySet<string>): boolean {
  const text = body.toLowerCase();
  return [...tables].some((table) => text.includes(table.toLowerCase()));
}

/** The names that `isFirst` picks, and those whose bodies call one that is in already, and so on. */
function spread(
  start: ReadonlySet<string>,
  own: readonly OwnFunction[],
  isFirst: (one: OwnFunction) => boolean,
): ReadonlySet<string> {
  const found = new Set(start);
  for (const one of own) if (isFirst(one)) found.add(one.name);
  for (let before = 0; before < found.size;) {
    before = found.size;
    for (const { name, body } of own) if (callsAny(body, found)) found.add(name);
  }
  return found;
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
  return functionFacts(
    new Set(volatile.rows.map(([name]) => name ?? "")),
    own.rows.map(([name, body, isStable]) => ({
      name: name ?? "",
      body: body ?? "",
      isStable: isStable === "t",
    })),
  );
}
