/**
 * Which of a statement's functions do more than compute. The catalog says so: PostgreSQL declares as VOLATILE what
 * has side effects (`set_config`, `nextval`, `pg_sleep`, whatever users declare), and a statement's parse tree says what it
 * calls. A name that any volatile function bears counts as that function, whatever the schema.
 */
import type { Transaction } from "../transaction.ts";
import type { Judgement } from "./judge.ts";

/** Volatile because each call answers something else; they change nothing. */
const harmless = ["clock_timestamp", "gen_random_uuid", "random", "timeofday"];

/** In a change of rows, what gives keys is meant, too. */
const harmlessInWrites = [...harmless, "currval", "lastval", "nextval"];

/** @returns the names of the functions with side effects, sorted; empty when there are none */
export async function sideEffectsOf(tx: Transaction, judgement: Judgement): Promise<readonly string[]> {
  const { functions, attributes, effect } = judgement;
  if (functions.length + attributes.length === 0) return [];
  const { rows } = await tx.query<{ name: string }>(
    `SELECT DISTINCT p.proname AS name
     FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
     WHERE p.provolatile = 'v'
       AND (p.proname = ANY ($1::text[]) OR p.proname = ANY ($2::text[]) AND p.pronargs = 1)
       AND NOT (n.nspname = 'pg_catalog' AND p.proname = ANY ($3::text[]))
     ORDER BY 1`,
    [functions, attributes, effect === "write" ? harmlessInWrites : harmless],
  );
  return rows.map(({ name }) => name);
}
