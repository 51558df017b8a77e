/** Errors of the embedded PostgreSQL on their way to the client. */
import { errors, limits } from "@dsql-local/spec";
import { SqlError } from "../../base/index.ts";
import { type ErrorFieldMap, errorFieldsOf } from "../../wire/index.ts";

/** SQLSTATEs of PostgreSQL that may mean a lost race. */
export const postgresConflict = {
  serialization: "40001",
  deadlock: "40P01",
  uniqueKey: "23505",
  foreignKey: "23503",
  /** Not a race, but it decides what may be asked about one. */
  privilege: "42501",
} as const;

/**
 * Whether a text that the backend keeps parsed means something else by now: another search path, or the transaction's
 * own catalog change, gives its result other columns. The client has prepared nothing on that backend, so it must not hear.
 */
export function isStalePlan(fields: ErrorFieldMap): boolean {
  return fields.get("C") === "0A000" && fields.get("R") === "RevalidateCachedQuery";
}

/** Bounds that PostgreSQL has, too, with other words or other numbers: by SQLSTATE and the beginning of its text. */
const sharedBounds = [
  {
    sqlstate: "53400",
    message: /^temporary file size exceeds temp_file_limit/,
    fact: limits.queryMemoryBytesMax,
  },
  { sqlstate: "54000", message: /^index row (?:size|requires)/, fact: limits.keyBytesMax },
  { sqlstate: "54000", message: /^row is too big/, fact: limits.rowBytesMax },
] as const;

/**
 * What PostgreSQL says where two sessions have changed one row of its catalogs at the same moment, two GRANTs on a table, say, and
 * where one has removed what the other is about to change or to call, two DROP ROLE.
 */
const catalogRaces = [
  /^tuple concurrently (?:updated|deleted)$/,
  /^could not find tuple for [\w ]+ \d+$/,
  /^cache lookup failed for [\w ]+ \d+$/,
];

function isCatalogRace(sqlstate: string, message: string): boolean {
  return sqlstate === "XX000" && catalogRaces.some((race) => race.test(message));
}

/** An error of PostgreSQL: in its own words, or in the service's where the service has a bound of the kind. */
export function sqlErrorOf(fields: ErrorFieldMap): SqlError {
  const { sqlstate, message, detail, hint, position, objects } = errorFieldsOf(fields);
  if (isCatalogRace(sqlstate, message)) return SqlError.of(errors.schemaConflict);
  const bound = sharedBounds.find((one) => one.sqlstate === sqlstate && one.message.test(message));
  if (bound !== undefined) return SqlError.of(bound.fact);
  return new SqlError({ sqlstate, message, detail, hint, position, objects });
}

/** Cancelled, out of memory or disk, PostgreSQL going down: says nothing about other transactions. */
export function isOfTheMoment(sqlstate: string | undefined): boolean {
  return /^(?:53|57|58|XX)/.test(sqlstate ?? "");
}
