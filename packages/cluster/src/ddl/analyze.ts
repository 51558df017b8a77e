/** ANALYZE: of the role's own tables where it names none, and beside the jobs that work on them. */
import type { Statement } from "../sql/index.ts";
import type { DdlServices } from "./context.ts";
import { userSchemas } from "./user-objects.ts";

export type AnalyzeStatement = Extract<Statement, { kind: "analyze" }>;

export interface Analysis {
  /** As PostgreSQL is to run it; undefined: there is no table to look at. */
  readonly text: string | undefined;
  /** Lets jobs go on. */
  readonly release: () => void;
}

export async function analysisOf(
  { coordinator, jobs }: Pick<DdlServices, "coordinator" | "jobs">,
  statement: AnalyzeStatement,
  role: string,
): Promise<Analysis> {
  const { isOfAll, relations, text } = statement;
  // A build holds its table's lock on statistics, and may wait for open blocks.
  const release = jobs.isBusy
    ? await jobs.keepOff(({ table }) => isOfAll || relations.includes(table))
    : (): void => undefined;
  if (!isOfAll) return { text, release };
  const { rows } = await coordinator.system.request(ownTables, [role]).catch((error: unknown) => {
    release();
    throw error;
  });
  const tables = rows[0]?.[0] ?? undefined;
  // The text may end in a comment.
  return { text: tables === undefined ? undefined : `${text}\n${tables}`, release };
}

// Left to itself PostgreSQL would warn of each of its own tables that only its superuser may analyze.
const ownTables = `
SELECT string_agg(format('%I.%I', s.nspname, c.relname), ', ')
FROM pg_class c JOIN (${userSchemas}) AS s ON s.oid = c.relnamespace
WHERE c.relkind = 'r' AND pg_has_role($1, c.relowner, 'USAGE')`;
