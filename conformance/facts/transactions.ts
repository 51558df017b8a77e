import { sources } from "@dsql-local/spec";
import { type Fact, factsOf } from "./fact.ts";

const transaction = factsOf("Transactions");
const conflict = factsOf("Conflicts");
const limit = factsOf("Limits");
const ganbari = "https://github.com/Takenori-Kusaka/ganbari-quest";
const dray = "https://pypi.org/project/dray/";

export const transactionFacts: readonly Fact[] = [
  transaction(
    "session-characteristics",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY or READ WRITE is taken, and shown in default_transaction_read_only.",
    sources.pistachio,
  ),
  transaction(
    "table-created-after-begin",
    "A table that another session has created since a transaction began does not exist for it: 42P01.",
    sources.experiments,
  ),
  transaction(
    "block-tags",
    "BEGIN, START TRANSACTION, COMMIT, END, ROLLBACK and ABORT answer PostgreSQL's tags.",
    sources.emulator,
  ),
  transaction("begin-modes", "BEGIN takes REPEATABLE READ, READ ONLY and READ WRITE.", sources.emulator),
  transaction(
    "begin-other-level",
    "BEGIN with another isolation level is refused, and no block is opened.",
    sources.emulator,
  ),
  transaction(
    "set-transaction-order",
    "SET TRANSACTION says `Unsupported isolation level` before it says that the setting is not supported.",
    sources.emulator,
  ),
  transaction(
    "no-savepoints",
    "SAVEPOINT, RELEASE and ROLLBACK TO are refused, also outside a block.",
    sources.emulator,
  ),
  transaction(
    "error-aborts-block",
    "Any error, also a refusal, fails the open block: the next statement gets 25P02, COMMIT answers ROLLBACK.",
    sources.emulator,
  ),
  transaction("aborted-wins", "In a failed block 25P02 comes before any refusal.", sources.emulator),
  transaction("refusal-leaves-no-trace", "Outside a block a refusal leaves no trace.", sources.emulator),
  transaction(
    "batch-is-one-transaction",
    "Several statements in one Query message are one transaction, to which the rules for DDL apply.",
    sources.emulator,
  ),
  transaction("second-ddl", "The second DDL statement of a transaction is refused.", sources.emulator),
  transaction(
    "ddl-and-dml",
    "DML after DDL and DDL after DML are refused in one transaction.",
    sources.emulator,
  ),
  transaction(
    "grant-is-ddl",
    "GRANT and REVOKE count as DDL: a pair of them in one block is refused.",
    sources.skill,
  ),
  transaction(
    "index-in-block",
    "CREATE INDEX ASYNC may stand in a block of its own; the row with the job comes with it.",
    sources.emulator,
  ),
  transaction("analyze-in-block", "ANALYZE is refused inside a block.", sources.spike),
  transaction("ddl-rolls-back", "DDL is transactional: it rolls back with its block.", sources.ddl, {
    mark: "documented",
  }),
  transaction(
    "for-update-forms",
    "FOR UPDATE takes any predicate, joins, and tables without primary key.",
    sources.ministack,
  ),
  transaction(
    "lock-waits-for-nothing",
    "OF, NOWAIT and SKIP LOCKED are taken and change nothing: nothing ever waits.",
    sources.ministack,
  ),
  transaction(
    "lock-in-subquery",
    "A locking clause counts in a CTE and in a subquery, too.",
    sources.ministack,
  ),
];

export const conflictFacts: readonly Fact[] = [
  conflict(
    "nothing-waits",
    "UPDATE, DELETE and FOR UPDATE answer at once, whoever else holds the row.",
    sources.emulator,
  ),
  conflict(
    "first-committer-wins",
    "The first to COMMIT wins; the later one hears 40001 (OC000) at its COMMIT.",
    sources.emulator,
  ),
  conflict("autocommit-conflict", "In autocommit the conflict comes at the statement.", sources.concurrency, {
    mark: "documented",
    unjudged:
      "Another COMMIT would have to come in the middle of the statement; the simulation has such histories.",
  }),
  conflict(
    "data-conflict-text",
    "The text is `change conflicts with another transaction (OC000)`.",
    sources.emulator,
  ),
  conflict(
    "schema-conflict-text",
    "The text is `schema has been updated by another transaction (OC001)`.",
    sources.emulator,
  ),
  conflict("row-conflict", "Two updates of different columns of one row conflict.", sources.concurrency, {
    mark: "documented",
  }),
  conflict(
    "for-update-is-a-write",
    "FOR UPDATE counts as a write: once committed it beats an UPDATE of the row.",
    sources.emulator,
  ),
  conflict("for-update-of-nothing", "FOR UPDATE that finds no row flags nothing.", dray),
  conflict("key-share-and-update", "FOR KEY SHARE and an update of other columns do not conflict.", dray),
  conflict(
    "key-share-and-delete",
    "FOR KEY SHARE conflicts with DELETE and FOR UPDATE of the row.",
    sources.concurrency,
    { mark: "documented" },
  ),
  conflict(
    "parent-deleted",
    "Deleting a parent conflicts with a concurrent insert of its child.",
    sources.emulator,
  ),
  conflict(
    "parent-updated",
    "Updating a parent's other columns and inserting a child both commit.",
    sources.emulator,
  ),
  conflict("cascade-conflict", "A cascade conflicts with a concurrent write to the child.", sources.emulator),
  conflict(
    "one-key-twice",
    "Of two open inserts of one key the later COMMIT gets OC000; once committed, the key is a duplicate: 23505.",
    sources.concurrency,
    {
      mark: "documented",
    },
  ),
  conflict("on-conflict", "INSERT … ON CONFLICT works, by the same rules.", sources.emulator),
  conflict(
    "overlapping-rows",
    "Of two transactions over an overlapping set of rows one loses, at times both.",
    sources.emulator,
  ),
  conflict("write-skew", "Plain reads leave no trace, so write skew is possible.", ganbari),
  conflict(
    "readers-never-conflict",
    "A transaction that only reads never conflicts over data.",
    sources.concurrency,
    { mark: "documented" },
  ),
  conflict(
    "stale-session",
    "A catalog change that was committed before hits the next statement of a session that knew the table: OC001 once, and the retry passes.",
    sources.skill,
  ),
  conflict(
    "change-under-a-block",
    "A catalog change in the middle of a transaction is told at its COMMIT.",
    sources.skill,
  ),
  conflict("change-under-a-reader", "Reads are hit by OC001, too.", sources.skill),
  conflict("change-under-read-only", "So are the reads of a BEGIN READ ONLY block.", sources.skill),
  conflict("grant-changes-catalog", "One GRANT or REVOKE is a catalog change.", sources.skill),
  conflict("index-build-changes-catalog", "So is the end of an index build.", sources.async, {
    mark: "documented",
  }),
];

export const limitFacts: readonly Fact[] = [
  limit(
    "row-limit",
    "A transaction changes 3,000 rows; the statement with the 3,001st fails, in autocommit too, and all is discarded.",
    sources.emulator,
  ),
  limit("row-limit-cascades", "Rows that a cascade touches count.", sources.quotas, { mark: "documented" }),
  limit(
    "size-limit",
    "More than 10 MiB, index entries included, fail at COMMIT with `Current transaction size …mb > 10mb` as DETAIL.",
    sources.skill,
  ),
  limit(
    "age-limit",
    "After 300 s the next statement or COMMIT fails; a running statement is not interrupted.",
    sources.skill,
    {
      testedBy: "packages/cluster/test/transactions.test.ts",
    },
  ),
  limit(
    "query-memory",
    "A query over 128 MiB fails: 54000 `query requires more than allowed temp space of 131072 KB to execute`.",
    sources.skill,
    {
      unjudged: "What a query needs depends on its plan; PostgreSQL's is not the service's.",
    },
  ),
  limit("stack-depth", "Deep nesting fails: 54001 `stack depth limit exceeded`.", sources.skill),
  limit(
    "key-bytes",
    "A key holds about 1,981 bytes (documented: 1 KiB), checked at write: 54000 `key size too large`.",
    sources.skill,
  ),
  limit(
    "secondary-key-bytes",
    "A secondary key carries the primary key's columns within the same bytes.",
    sources.skill,
  ),
  limit("declared-key-bytes", "A key declared wider than 2,000 bytes is refused at DDL.", sources.skill),
  limit(
    "declared-key-passes",
    "A `varchar(2000)` key passes CREATE and fails later at write.",
    sources.skill,
  ),
  limit(
    "value-bytes",
    "A text, bytea or jsonb holds 1 MiB after compression: 54000 `datatype limit greater than 1048576 bytes not supported for …`.",
    sources.skill,
  ),
  limit("value-compressed", "Far more than 1 MiB of one repeated character passes.", sources.skill),
  limit(
    "indexes-per-table",
    "A table takes 24 indexes, the primary key included; one without primary key takes 24 as well.",
    sources.skill,
  ),
  limit(
    "schemas",
    "Besides public and sys there are at most 10 schemas, counted before IF NOT EXISTS is looked at.",
    sources.skill,
    {
      testedBy: "packages/cluster/test/limits.test.ts",
    },
  ),
  limit(
    "view-definition",
    "A view's definition holds 512 KiB in its internal form (documented: 2 MiB).",
    sources.skill,
    {
      testedBy: "packages/cluster/test/limits.test.ts",
    },
  ),
];
