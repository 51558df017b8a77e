/** An import makes things; it overwrites none. */
import type { Pool } from "pg";
import { UsageError } from "../errors.ts";
import { retryConflicts } from "../retry.ts";
import type { NamedObject } from "./format.ts";

/** How many are named; the rest is counted. */
const shownMax = 5;

/** @throws {UsageError} an object of the export's is in the cluster already */
export async function refuseWhatIsThere(pool: Pool, objects: readonly NamedObject[]): Promise<void> {
  const { rows } = await retryConflicts(() =>
    pool.query<{ name: string }>(
      `SELECT kind || ' ' || name AS name FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS object (kind, name, place)
       WHERE CASE kind WHEN 'schema' THEN to_regnamespace(name) IS NOT NULL WHEN 'relation' THEN to_regclass(name) IS NOT NULL
                       WHEN 'function' THEN to_regprocedure(name) IS NOT NULL ELSE to_regtype(name) IS NOT NULL END
       ORDER BY place`,
      [objects.map(({ kind }) => kind), objects.map(({ name }) => name)],
    ),
  );
  if (rows.length === 0) return;
  const shown = rows.slice(0, shownMax).map(({ name }) => name);
  const more = rows.length > shownMax ? ` and ${rows.length - shownMax} more` : "";
  throw new UsageError(
    `of this export there are already: ${shown.join(", ")}${more}. An import overwrites nothing: ` +
      "drop them, or import into another cluster",
  );
}
