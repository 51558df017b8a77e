/**
 * Refusals that a statement's text alone does not decide: they depend on what its transaction did before, on the catalog, or on
 * the rows. The cluster decides them where that is known; they stand here for lists and lints, with the words of `errors.ts`
 * and `limits.ts`.
 */
import { type ErrorFact, errors } from "../errors.ts";
import { limits } from "../limits.ts";
import { sources } from "../sources.ts";
import type { Rule } from "./rule.ts";

export interface ContextRule extends Omit<Rule, "match" | "slots" | "example" | "sqlstate"> {
  readonly sqlstate: string;
  /** When it is refused, in words. */
  readonly when: string;
}

type Words = Pick<ContextRule, "when" | "reason" | "remedy" | "mark">;
type Fact = Pick<ErrorFact, "sqlstate" | "message" | "source">;

const contextRule = (
  id: string,
  topic: Rule["topic"],
  { sqlstate, message, source }: Fact,
  words: Words & Partial<Pick<Rule, "source" | "until">>,
): ContextRule => ({ id, topic, sqlstate, message, source, ...words });

const oneDdl = { reason: "A transaction changes the catalog once, or rows, not both." };

const transactionRows: readonly ContextRule[] = [
  contextRule("second-ddl", "transactions", errors.multipleDdl, {
    ...oneDdl,
    when: "the second DDL statement of a transaction, or of one Query message; GRANT and REVOKE count as DDL",
    remedy: "Send each DDL statement in a transaction of its own.",
    mark: "measured",
  }),
  contextRule("ddl-with-dml", "transactions", errors.ddlWithDml, {
    ...oneDdl,
    when: "INSERT, UPDATE or DELETE after DDL in one transaction, or DDL after them",
    remedy: "Send the DDL in a transaction of its own, and the rows in another.",
    mark: "measured",
  }),
  contextRule("row-limit", "transactions", errors.rowLimit, {
    when: "the 3,001st row that a transaction changes, cascades included",
    reason: "A transaction changes at most 3,000 rows.",
    remedy: "Split the work into batches of at most 3,000 rows, each in its own transaction.",
    mark: "measured",
  }),
  contextRule("size-limit", "transactions", errors.sizeLimit, {
    when: "COMMIT of more than 10 MiB, index entries included",
    reason: "A transaction writes at most 10 MiB.",
    remedy: "Write less in a transaction: smaller batches, or fewer secondary indexes during a load.",
    mark: "measured",
  }),
  contextRule("age-limit", "transactions", errors.ageLimit, {
    when: "the next statement, or COMMIT, 300 s after BEGIN",
    reason: "A transaction lives 300 seconds at most.",
    remedy: "Commit between batches, and do not hold a transaction open while a person thinks.",
    mark: "measured",
  }),
  contextRule("data-conflict", "transactions", errors.dataConflict, {
    when: "COMMIT, after another transaction committed one of the rows",
    reason: "Nobody waits: the first to commit wins.",
    remedy: "Run the whole transaction again, with a growing, jittered pause.",
    mark: "measured",
  }),
  contextRule("schema-conflict", "transactions", errors.schemaConflict, {
    when: "a statement or COMMIT, after the catalog changed",
    reason: "A transaction sees one version of the catalog.",
    remedy: "Run the transaction again: the first retry sees the new catalog.",
    mark: "measured",
  }),
  contextRule("locking-several-tables", "transactions", errors.lockingSeveralTables, {
    when: "FOR UPDATE over a join",
    reason: "FOR UPDATE took the rows of one table until 2026-08-24.",
    remedy: "Lock the rows of each table in a SELECT of its own, by the whole primary key.",
    mark: "documented",
    until: "2026-08-24",
  }),
  contextRule("locking-without-key", "transactions", errors.lockingWithoutKey, {
    when: "FOR UPDATE without a value for each column of the primary key",
    reason: "FOR UPDATE took single rows, by their whole key, until 2026-08-24.",
    remedy: "State a value for each column of the primary key: WHERE id = $1.",
    mark: "documented",
    until: "2026-08-24",
  }),
];

const catalogRows: readonly ContextRule[] = [
  contextRule("function-body", "functions", errors.notInFunction("{command}"), {
    when: "CREATE FUNCTION … LANGUAGE SQL whose body has a statement that is neither a query nor a change of rows; one that a rule refuses gets that rule's answer",
    reason: "A function in LANGUAGE SQL reads and changes rows.",
    remedy: "Send the statement on its own.",
    mark: "unsure",
  }),
  contextRule("drop-key-column", "alter-table", errors.dropKeyColumn("{column}"), {
    when: "DROP COLUMN of a column of the primary key",
    reason: "The primary key is how a table is stored.",
    remedy: "Make a new table with another key, copy the rows in batches, rename.",
    mark: "measured",
  }),
  contextRule("drop-primary-key", "alter-table", errors.dropPrimaryKey, {
    when: "DROP CONSTRAINT of the primary key",
    reason: "The primary key is how a table is stored.",
    remedy: "Make a new table with another key, copy the rows in batches, rename.",
    mark: "measured",
  }),
  contextRule("index-key-type", "indexes", errors.keyTypeNotSupported("{type}"), {
    when: "CREATE INDEX over a column of type json, jsonb, bytea, timetz or interval",
    reason: "A key cannot hold such a type.",
    remedy: "Index an expression of another type, such as (details->>'k').",
    mark: "measured",
  }),
  contextRule("indexes-per-table", "indexes", limits.indexesPerTableMax, {
    when: "the 25th index of a table, its primary key and unique constraints included",
    reason: "A table has at most 24 indexes.",
    remedy: "Drop what no query uses; INCLUDE columns instead of making a second index.",
    mark: "measured",
  }),
  contextRule("declared-key-bytes", "tables", limits.declaredKeyBytesMax, {
    when: "a key whose columns are declared wider than 2,000 bytes together",
    reason: "A key holds about 1,981 bytes (documented: 1 KiB).",
    remedy: "Declare the columns narrower, or key the table by a hash or a uuid.",
    mark: "measured",
  }),
  contextRule("key-bytes", "tables", limits.keyBytesMax, {
    when: "a row whose key is longer than about 1,981 bytes",
    reason:
      "A key holds about 1,981 bytes (documented: 1 KiB), the primary key's columns included in each index.",
    remedy: "Key the table by a hash or a uuid; keep long text out of keys.",
    mark: "measured",
  }),
  contextRule("schemas", "statements", limits.schemasMax, {
    when: "CREATE SCHEMA beside ten others",
    reason: "A cluster has at most 10 schemas besides public and sys.",
    remedy: "Tell tenants apart by a column, or use a cluster each.",
    mark: "measured",
  }),
  contextRule("tables", "tables", limits.tablesMax, {
    when: "CREATE TABLE beside a thousand others",
    reason: "A cluster has at most 1,000 tables.",
    remedy: "Tell tenants apart by a column, or use a cluster each.",
    source: sources.quotas,
    mark: "documented",
  }),
];

export const contextRules: readonly ContextRule[] = [...transactionRows, ...catalogRows];
