/**
 * Where AWS has published nothing, or sources disagree: what is known, and what the local cluster does. Whoever has a
 * cluster in AWS can settle each by a script.
 */
export interface Choice {
  readonly point: string;
  readonly known: string;
  readonly here: string;
}

const choice = (point: string, known: string, here: string): Choice => ({ point, known, here });

export const choices: readonly Choice[] = [
  // Connections.
  choice(
    "ParameterStatus messages at start-up",
    "recorded nowhere",
    "PostgreSQL 16's, with `server_version` 16.15 and `TimeZone` UTC",
  ),
  choice("SQLSTATE of a rejected token", "28000 in recent logs, 08006 in older code", "28000"),
  choice("SQLSTATE of `SSL is mandatory` and `waking up cluster`", "unpublished", "28000"),
  choice("end of a connection after 60 minutes", "closed by force, without an error", "the socket is closed"),
  choice(
    "a message over 10 MiB",
    "documented 08P01; measured: closed without an error",
    "closed without an error; the log says why",
  ),
  choice("another database than postgres", "unpublished", "3D000, as PostgreSQL says it"),
  choice(
    "CancelRequest",
    "one set of experiments says that it stops nothing",
    "stops the statement under way, as PostgreSQL does",
  ),
  // Settings and transactions.
  choice("SET LOCAL ROLE", "documented; measured refused in August 2026", "taken inside a block"),
  choice("COMMIT AND CHAIN, two-phase commit", "texts unpublished", "`unsupported transaction statement: …`"),
  choice("SELECT beside one DDL statement in a transaction", "unpublished", "taken"),
  choice("AWS IAM GRANT and COMMENT as DDL", "unpublished", "they count as DDL"),
  choice(
    "scope of OC001",
    "measured for the changed table only, and for every session of the cluster",
    "the changed table; `dsql start --oc001 cluster` for the other",
  ),
  choice(
    "write skew",
    "two measurements say possible, one says not",
    "possible, as snapshot isolation allows",
  ),
  choice(
    "two transactions over several common rows",
    "at times both lose",
    "the first to commit wins, the other loses",
  ),
  choice(
    "a row inserted and deleted again by one transaction, its key inserted by another",
    "unpublished",
    "either may be told of a conflict",
  ),
  choice("age of a transaction", "300 s documented and measured, 1800 s in one emulator", "300 s"),
  choice("memory of a query", "documented 53200, measured 54000", "54000"),
  choice("bytes of a key", "documented 1 KiB, measured about 1,981", "1,981"),
  choice("columns of a table", "documented 255, measured 256", "256"),
  choice("a view's definition", "documented 2 MiB, measured 512 KiB in its internal form", "512 KiB"),
  // Statements.
  choice(
    "PREPARE, EXECUTE, DISCARD, DO, REINDEX, CLUSTER and the like",
    "pattern only",
    "`unsupported statement: <Node>`",
  ),
  choice(
    "refused clauses of CREATE TABLE that nobody measured",
    "pattern only",
    "`<CLAUSE> clause not supported for CREATE TABLE`",
  ),
  choice(
    "refused actions of ALTER TABLE that nobody measured",
    "pattern only",
    "`unsupported ALTER TABLE <ACTION> statement`",
  ),
  choice("GROUP BY ALL", "documented; measured 42601", "42601"),
  choice("COPY", "three sources say STDIN and STDOUT work, one that nothing does", "STDIN and STDOUT work"),
  choice(
    "ALTER INDEX … RENAME, ALTER USER … RENAME",
    "grammar and release notes say yes, AWS's lint no",
    "taken",
  ),
  choice("ALTER ROLE … SET", "the grammar parses it, AWS's lint refuses", "refused"),
  choice("COMMENT ON COLUMN", "missing from the derived grammar", "taken"),
  choice("a bare `numeric`", "documented as numeric(18,6)", "PostgreSQL's: no rounding"),
  choice("`job_type` of a VALIDATE job", "unpublished", "an upper-case word; clients read `status`"),
  choice("GRANT … ON SCHEMA public", "refused in two measurements, shown in one AWS text", "refused"),
  choice("GRANT … ON ALL TABLES IN SCHEMA public", "refused in one report", "taken"),
  choice(
    "AWS IAM GRANT of an IAM role that does not exist",
    "the text suggests a check against IAM",
    "not checked",
  ),
  // Plans.
  choice("costs in EXPLAIN", "some figures published", "a model that gives the published figures"),
  choice(
    "a whole table in EXPLAIN",
    "Full Scan and Index Only Scan of the primary key are both published",
    "the former when storage filters it",
  ),
  choice(
    "which conditions storage evaluates",
    "`sys.supported_datatypes()` has a flag, its rows are unpublished",
    "comparisons of columns with constants, except of `numeric`",
  ),
  choice(
    "EXPLAIN in JSON, XML, YAML",
    "unpublished",
    "JSON with the nodes of the text; XML and YAML as PostgreSQL",
  ),
  choice(
    "Query Identifier, bytes read in the DPU estimate",
    "their forms are published",
    "computed in our own way",
  ),
  choice("batched nested loops in EXPLAIN", "published since September 2026", "shown as plain nested loops"),
];
