import { sources } from "@dsql-local/spec";
import { type Fact, factsOf } from "./fact.ts";

const table = factsOf("Tables and constraints");
const index = factsOf("Indexes");
const job = factsOf("Jobs");
const sequence = factsOf("Sequences and identity columns");
const statement = factsOf("Other statements");

export const definitionFacts: readonly Fact[] = [
  table("table-without-key", "A table may have no primary key.", sources.marc),
  table("foreign-key-missing-table", "A foreign key to a missing table: 42P01.", sources.emulator),
  table("foreign-key-violation", "A violated foreign key has PostgreSQL's text: 23503.", sources.emulator),
  table(
    "foreign-key-deferrable",
    "A foreign key may be DEFERRABLE, and then is checked at COMMIT.",
    sources.emulator,
  ),
  table(
    "foreign-key-catalog",
    "`pg_constraint` shows a foreign key with its actions, match and deferral.",
    sources.spike,
  ),
  table(
    "bare-numeric",
    "A column of `numeric` without precision is `numeric(18,6)`; casts and expressions are not concerned.",
    sources.dsqlbase,
  ),
  table("check-violation", "A violated CHECK has PostgreSQL's text: 23514.", sources.spike),
  table("generated-immutable", "A generated column must be immutable: 42P17.", sources.skill),
  table(
    "drop-key-column",
    "`cannot drop primary key column …` when DROP COLUMN names one.",
    sources.emulator,
  ),
  table(
    "drop-primary-key",
    "Dropping the primary key's constraint is an `unsupported ALTER TABLE DROP CONSTRAINT statement`.",
    sources.spike,
  ),
  table(
    "type-before-action",
    "ALTER COLUMN … TYPE is refused before its type is looked at.",
    sources.emulator,
  ),
  table(
    "validate-async",
    "ALTER TABLE ASYNC … VALIDATE CONSTRAINT answers its tag and one row with `job_id`.",
    sources.emulator,
  ),
  table(
    "unique-using-invalid-index",
    "ADD … UNIQUE USING INDEX on an index that is not valid yet: 55000.",
    sources.emulator,
  ),

  index(
    "index-answer",
    "CREATE INDEX ASYNC answers its tag and one row, `job_id`, of 26 lower-case base32 characters.",
    sources.emulator,
  ),
  index(
    "index-names",
    "An unnamed index is named as in PostgreSQL: table, columns or function, idx.",
    sources.ministack,
  ),
  index(
    "index-exists",
    "IF NOT EXISTS over an index that exists starts no job and answers no row.",
    sources.spike,
  ),
  index(
    "index-exists-without-name",
    "IF NOT EXISTS without a name is a syntax error at ON.",
    sources.ministack,
  ),
  index("index-name-qualified", "A qualified index name is a syntax error at the dot.", sources.spike),
  index(
    "index-check-order",
    "Checks come in this order: CONCURRENTLY, USING, missing ASYNC, key expressions, number of keys.",
    sources.ministack,
  ),
  index("index-expression-immutable", "An index's expression must be immutable: 42P17.", sources.ministack),
  index(
    "index-key-types",
    "`datatype … is not supported in a key`: json, jsonb, bytea, timetz, interval, also of an existing table.",
    sources.skill,
  ),
  index("index-on-json-member", "An expression such as (data->>'k') may be indexed.", sources.ministack),
  index("index-invalid-meanwhile", "Until it is built an index has `indisvalid` false.", sources.skill),
  index(
    "index-build-fails",
    "A unique build over duplicates fails: the job says so in `details`, and the invalid index stays.",
    sources.skill,
  ),
  index(
    "index-completes",
    "A build ends as `completed` within about a minute, and the index is valid.",
    sources.emulator,
  ),
  index(
    "key-indexes-synchronous",
    "The indexes of a table's PRIMARY KEY and UNIQUE are there with the table.",
    sources.spike,
  ),

  job(
    "jobs-columns",
    "`sys.jobs` has nine columns: job_id, status, details, job_type, class_id, object_id, object_name, start_time, update_time.",
    sources.emulator,
  ),
  job(
    "jobs-class",
    "`class_id` is 1259, `object_name` is schema and name while the object lives.",
    sources.emulator,
  ),
  job("jobs-drop", "A dropped table leaves a job of type DROP.", sources.emulator),
  job(
    "jobs-analyze",
    "Tables are analysed on their own shortly after writes, as jobs of type ANALYZE.",
    sources.emulator,
  ),
  job(
    "jobs-table-gone",
    'A build whose table vanished ends as `completed` with `relation "…" does not exist` as details.',
    sources.emulator,
  ),
  job(
    "wait-for-job",
    "`CALL sys.wait_for_job('…')` answers one boolean: whether the job completed.",
    sources.async,
    { mark: "documented" },
  ),
  job("wait-for-job-is-a-procedure", "SELECT sys.wait_for_job(…) is 42809.", sources.emulator),
  job("wait-for-job-subquery", "A subquery as its argument is refused.", sources.emulator),
  job("wait-for-job-malformed", "A malformed id is 22P02 `Unable to convert text to UUID`.", sources.spike),
  job("wait-for-job-in-block", "It is refused in a block.", sources.async, { mark: "documented" }),

  sequence("cache-before-type", "The missing CACHE is told before the wrong type.", sources.emulator),
  sequence("sequence-functions", "nextval, currval and setval work.", sources.sequences, {
    mark: "documented",
  }),
  sequence(
    "identity-catalog",
    "`attidentity` is a or d, `atthasdef` false; the sequence is named table_column_seq.",
    sources.spike,
  ),
  sequence(
    "explicit-values",
    "Explicit values of a BY DEFAULT identity do not advance it; RESTART WITH does.",
    sources.skill,
  ),

  statement(
    "function-body-parsed",
    "The body of a SQL function is parsed when it is created.",
    sources.skill,
  ),
  statement(
    "queries",
    "SELECT has nearly all of PostgreSQL's: CTEs, windows, grouping sets, LATERAL, set operations.",
    sources.emulator,
  ),
  statement(
    "data-changes",
    "INSERT, UPDATE and DELETE have RETURNING, ON CONFLICT, FROM and USING.",
    sources.emulator,
  ),
  statement("group-by-all", "GROUP BY ALL, though documented, is a syntax error: 42601.", sources.skill),
  statement("extensions-listed", "`pg_extension` shows plpgsql only.", sources.skill),
  statement("copy-streams", "COPY works FROM STDIN and TO STDOUT.", sources.marc, {
    checks: ["wire/copy: "],
  }),
  statement(
    "lateral-row",
    "LEFT JOIN LATERAL over a table's row fails at times: 42804 `attribute 1 of type … has wrong type`.",
    sources.pgrest,
    {
      unjudged: "A defect that comes and goes; here the join works.",
    },
  ),

  statement(
    "view-options",
    "CREATE VIEW takes options and WITH CHECK OPTION; ALTER VIEW sets and resets them.",
    sources.pistachio,
  ),
  statement(
    "drop-domain-cascade",
    "`DROP DOMAIN with CASCADE unsupported`: no column goes with a domain.",
    sources.dsqlbase,
  ),
  statement(
    "alter-domain",
    "ALTER DOMAIN sets and drops the default, drops NOT NULL and constraints, and renames.",
    sources.pistachio,
  ),
  statement(
    "function-signatures",
    "Functions take and give arrays, OUT, INOUT and VARIADIC arguments, defaults, TABLE, SETOF, void and record.",
    sources.createFunction,
    { mark: "documented" },
  ),
  statement(
    "function-definition-errors",
    "LEAKPROOF, TRANSFORM, SUPPORT and a body without LANGUAGE have PostgreSQL's errors.",
    sources.createFunction,
    { mark: "documented" },
  ),
  job(
    "wait-for-job-column",
    "CALL sys.wait_for_job() answers one column, `succeeded`, of type bool; a failed job gives false and raises nothing.",
    sources.pistachio,
  ),
  job(
    "validate-details",
    'A VALIDATE job that fails says `check constraint "…" is violated by some row`, without the table.',
    sources.dsqlbase,
  ),
];
