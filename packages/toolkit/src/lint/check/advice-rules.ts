/** What works on Aurora DSQL and will hurt: the rules that give advice, and why. */
import { limits, sources } from "@dsql-local/spec";
import type { LintRule } from "../types.ts";

/** For what is ours alone. */
export const guide = "docs/guides/lint.md";
const hotKeys = "https://marc-bowes.com/dsql-avoid-hot-keys.html";
const rowsMax = limits.rowsPerTransactionMax.value.toLocaleString("en-US");

const advice = (
  id: string,
  topic: string,
  texts: Pick<LintRule, "reason" | "remedy" | "source">,
): LintRule => ({
  id,
  topic,
  severity: "advice",
  ...texts,
});

export const adviceRules: readonly LintRule[] = [
  advice("sequential-key", "hot-keys", {
    reason:
      "Rows are stored in the order of the primary key, so keys that grow send every insert to the same end of the table.",
    remedy:
      "Use a uuid with DEFAULT gen_random_uuid(), or lead the key with a column that spreads, such as the tenant. Keep it for tables that are written rarely.",
    source: hotKeys,
  }),
  advice("sequence-cache-one", "hot-keys", {
    reason: "With CACHE 1 every nextval() writes the sequence's one row: writers contend for it.",
    remedy: `Write CACHE ${limits.sequenceCacheMin.value}, which gives each session a range of its own, unless values are few and must be near order.`,
    source: sources.createSequence,
  }),
  advice("hot-counter", "hot-keys", {
    reason:
      "Everybody who adds to one row conflicts with everybody else: all but the first to COMMIT lose and retry.",
    remedy:
      "Append rows and sum them when asked, or spread the counter over shards (AppendOnlyTotal and ShardedCounter in the toolkit).",
    source: hotKeys,
  }),
  advice("skip-locked", "hot-keys", {
    reason:
      "SKIP LOCKED is taken and skips nothing: all workers get the same rows, and all but the first to COMMIT fail.",
    remedy: "Give each worker its share by the key, such as a hash of the id modulo the number of workers.",
    source: sources.ministack,
  }),
  advice("missing-primary-key", "tables", {
    reason: "Without a primary key rows cannot be addressed, and a key cannot be added later.",
    remedy: "Declare the primary key in CREATE TABLE.",
    source: sources.createTable,
  }),
  advice("bare-numeric", "types", {
    reason:
      "A column of numeric without precision is numeric(18,6): more decimals are rounded in silence, more than 12 digits before the point fail.",
    remedy: "Say what the column holds, numeric(12, 2) for money; numeric(18, 6) if that is meant.",
    source: sources.dsqlbase,
  }),
  advice("foreign-key-without-index", "missing-indexes", {
    reason:
      "A foreign key makes no index on the referencing columns: each delete of a parent scans the whole table.",
    remedy: "CREATE INDEX ASYNC on the referencing columns.",
    source: sources.foreignKeys,
  }),
  advice("tenant-without-index", "missing-indexes", {
    reason:
      "Every query of an application with tenants asks for one tenant; without an index each reads all of them.",
    remedy: "Let the tenant lead the primary key, or CREATE INDEX ASYNC on it.",
    source: sources.migration,
  }),
  advice("unbounded-change", "limits", {
    reason: `A statement that changes all rows fails as soon as there are more than ${rowsMax}.`,
    remedy: "Add a WHERE that bounds it, and repeat by ranges of the key; the toolkit's inBatches() does.",
    source: sources.quotas,
  }),
  advice("offset-paging", "queries", {
    reason: "OFFSET reads and discards all rows before the page, and every row read is billed.",
    remedy: "Page by the key: WHERE (created_at, id) > ($1, $2) ORDER BY created_at, id LIMIT $3.",
    source: sources.billing,
  }),
  advice("index-not-awaited", "indexes", {
    reason:
      "CREATE INDEX ASYNC returns before the index is built, and a constraint takes a valid index only.",
    remedy:
      "CALL sys.wait_for_job() with the job_id that CREATE INDEX ASYNC returned, before the constraint.",
    source: sources.async,
  }),
  advice("unused-suppression", "suppressions", {
    reason: "The comment puts a finding aside that is not there (any more).",
    remedy: "Remove the comment.",
    source: guide,
  }),
];
