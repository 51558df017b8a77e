/**
 * Everything that the lint looks for: the service's rules (packages/spec), and its own about transactions, limits and what
 * works but hurts. Each says why, with its source, and what to do.
 */
import { limits, type Rule, rules as serviceRules, sources } from "@dsql-local/spec";
import { UsageError } from "../../errors.ts";
import type { LintRule } from "../types.ts";
import { adviceRules, guide } from "./advice-rules.ts";

const refusal = (
  id: string,
  topic: string,
  rule: Pick<LintRule, "reason" | "remedy" | "source">,
): LintRule => ({
  id,
  topic,
  severity: "error",
  mark: "measured",
  ...rule,
});

const thousands = (value: number): string => value.toLocaleString("en-US");

/** What the statement's text alone does not decide: its neighbours and its counts do. */
const contextRules: readonly LintRule[] = [
  refusal("syntax-error", "syntax", {
    reason: "PostgreSQL's grammar, which Aurora DSQL's follows, does not know the statement.",
    remedy: "Correct the statement at the place shown.",
    source: sources.sql,
  }),
  refusal("one-ddl-per-transaction", "transactions", {
    reason: "A transaction may hold one DDL statement; several in one message are one transaction too.",
    remedy:
      "Run each DDL statement in a transaction of its own: outside BEGIN … COMMIT, one statement a message.",
    source: sources.emulator,
  }),
  refusal("ddl-with-dml", "transactions", {
    reason: "A transaction changes the schema or the data, not both.",
    remedy: "Commit the DDL statement first, and change the data in a second transaction.",
    source: sources.emulator,
  }),
  {
    ...refusal("migration-tool-transaction", "transactions", {
      reason: "The tool runs its migrations in one transaction together with a row of its own ledger.",
      remedy:
        "Run the folder with `dsql migrate up`, which sends each statement alone, and lint with --transactions statement.",
      source: sources.orms,
    }),
    mark: "documented",
  },
  refusal("only-outside-transaction", "transactions", {
    reason: "ANALYZE of a table and CALL sys.wait_for_job() start transactions of their own.",
    remedy: "Move the statement behind COMMIT.",
    source: sources.async,
  }),
  refusal("rows-per-transaction", "limits", {
    reason: `A transaction changes at most ${limits.rowsPerTransactionMax.value} rows.`,
    remedy: "Split the rows over several transactions; the toolkit's batches() and bulkLoad() do.",
    source: sources.quotas,
  }),
  refusal("parameters-per-statement", "limits", {
    reason: "PostgreSQL's protocol counts the parameters of a statement in 16 bits: 65,535.",
    remedy: "Split the rows over several statements, or pass them as arrays to unnest().",
    source: "https://www.postgresql.org/docs/16/protocol-message-formats.html",
  }),
  refusal("indexes-per-table", "limits", {
    reason: `A table has at most ${limits.indexesPerTableMax.value} indexes, its primary key and unique constraints counted.`,
    remedy: "Drop indexes that others lead already, or that no query uses.",
    source: limits.indexesPerTableMax.source,
  }),
  refusal("objects-per-cluster", "limits", {
    reason: `A cluster has at most ${limits.schemasMax.value} schemas besides public, ${thousands(limits.tablesMax.value)} tables, ${thousands(limits.viewsMax.value)} views and ${thousands(limits.sequencesMax.value)} sequences (identity columns counted).`,
    remedy:
      "Drop what is no longer used, tell tenants apart by a column rather than by a schema or table, or use a second cluster.",
    source: sources.quotas,
  }),
  refusal("declared-key-bytes", "limits", {
    reason: `The declared sizes of a key's columns may add up to ${limits.declaredKeyBytesMax.value} bytes.`,
    remedy: "Declare shorter columns, or key the table by a uuid or a hash of the long value.",
    source: limits.declaredKeyBytesMax.source,
  }),
  refusal("index-column-type", "types", {
    reason: "Values of this type cannot be compared in a key.",
    remedy: "Index an expression of a type that can, such as (details->>'k').",
    source: sources.types,
  }),
  refusal("index-not-immutable", "indexes", {
    reason: "The function may give another value tomorrow, and the index would still hold today's.",
    remedy:
      "Index the columns themselves, or write with operators what is immutable: a || ' ' || b for concat(a, ' ', b).",
    source: sources.ministack,
  }),
  {
    ...refusal("identity-not-null", "tables", {
      reason: "An identity column holds a value in every row; PostgreSQL refuses one that may be NULL.",
      remedy: "Declare the column NOT NULL, in CREATE TABLE.",
      source: sources.lint,
    }),
    mark: "documented",
  },
  {
    ...refusal("drop-trigger", "statements", {
      reason: "Aurora DSQL has no triggers, so there is none of that name.",
      remedy: "Leave it out; DROP TRIGGER IF EXISTS is taken and does nothing.",
      source: sources.lint,
    }),
    mark: "documented",
  },
  refusal("wait-for-job-in-query", "statements", {
    reason: "sys.wait_for_job is a procedure, which a query cannot call: 42809.",
    remedy: "Write CALL sys.wait_for_job('<job_id>'), outside a transaction block.",
    source: sources.emulator,
  }),
  {
    ...refusal("function-body", "functions", {
      reason: "A function in LANGUAGE SQL reads and changes rows; it holds no other statements.",
      remedy: "Send the statement on its own.",
      source: "https://www.postgresql.org/docs/16/xfunc-sql.html",
    }),
    mark: "unsure",
  },
  refusal("drop-primary-key", "alter-table", {
    reason: "The primary key is the table's storage order; it is set by CREATE TABLE and stays.",
    remedy: "Create a table with the key that you want, copy the rows in batches, and rename.",
    source: sources.emulator,
  }),
  refusal("drop-key-column", "alter-table", {
    reason: "The primary key is the table's storage order; it is set by CREATE TABLE and stays.",
    remedy: "Create a table with the key that you want, copy the rows in batches, and rename.",
    source: sources.emulator,
  }),
  {
    ...refusal("suppression-without-reason", "suppressions", {
      reason: "Whoever reads the comment next has to know why the rule does not hold here.",
      remedy: "Write the reason after a colon: -- dsql-lint-disable-next-line rule-id: why",
      source: guide,
    }),
  },
];

const fromService = ({ id, topic, reason, remedy, source, mark, since, until }: Rule): LintRule => ({
  id,
  severity: "error",
  topic,
  reason,
  remedy,
  source,
  mark,
  ...(since !== undefined && { since }),
  ...(until !== undefined && { until }),
});

/** In the order of the catalogue: the service's, those of the context, advice. */
export const lintRules: readonly LintRule[] = [
  ...serviceRules.map(fromService),
  ...contextRules,
  ...adviceRules,
];

const byId = new Map(lintRules.map((rule) => [rule.id, rule]));

export function ruleById(id: string): LintRule {
  const rule = byId.get(id);
  if (rule === undefined) throw new RangeError(`there is no rule ${JSON.stringify(id)}`);
  return rule;
}

export type Selects = (ruleId: string) => boolean;

/**
 * @param names - ids, topics or severities
 * @throws {UsageError} a name is none of these
 */
export function createSelection(options: {
  readonly rules?: readonly string[];
  readonly ignore?: readonly string[];
}): Selects {
  const wanted = options.rules?.length ? idsOf(options.rules) : undefined;
  const unwanted = idsOf(options.ignore ?? []);
  return (ruleId) => (wanted?.has(ruleId) ?? true) && !unwanted.has(ruleId);
}

function idsOf(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.flatMap(idsNamed));
}

function idsNamed(name: string): readonly string[] {
  const named = lintRules.filter(
    ({ id, topic, severity }) => id === name || topic === name || severity === name,
  );
  if (named.length > 0) return named.map(({ id }) => id);
  const similar = lintRules.filter(({ id }) => id.includes(name) || name.includes(id)).slice(0, 5);
  const topics = [...new Set(lintRules.map(({ topic }) => topic))].join(", ");
  throw new UsageError(
    `there is no rule, topic or severity ${JSON.stringify(name)}. ` +
      (similar.length > 0 ? `Similar: ${similar.map(({ id }) => id).join(", ")}. ` : "") +
      `Topics: ${topics}. Severities: error, advice.`,
  );
}
