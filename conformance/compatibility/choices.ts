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
  choice(
    "SQLSTATE of `SSL is mandatory` and `waking up cluster`",
    "unpublished; `access denied` of the same words is 08006",
    "28000",
  ),
  choice("HINT where a policy denies explicitly", "unpublished", "the one for what no policy allows"),
  choice("end of a connection after 60 minutes", "closed by force, without an error", "the socket is closed"),
  choice(
    "a message over 10 MiB",
    "documented 08P01; measured: closed without an error",
    "closed without an error; the log says why",
  ),
  choice("another database than postgres", "unpublished", "3D000, as PostgreSQL says it"),
  choice(
    "CancelRequest",
    "one measurement of dsql-experiments says that `pg_sleep(5)` ran to its end; the guide does not mention it",
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
    "ganbari-quest and nina-pm measured that both commit; one report of dsql-experiments saw 40001",
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
  choice(
    "ALTER ROLE … SET and RESET, ALTER USER … SET",
    "the service's grammar has them and AWS's lint counts them among what runs, an older version of it as refused; what SET does is unpublished",
    "RESET is taken and finds nothing to take away; SET is refused, for a session would not have what it says",
  ),
  choice(
    "`pg_class.relpages` and `reltuples`",
    "0 and -1 of tables that were not analysed; of others nothing is published",
    "0 and -1 of indexes and sequences too; of a table that was analysed `reltuples` counts its rows",
  ),
  choice(
    "GRANT of `dbowner` or `pg_dsql_diagnostic`",
    "pg_roles shows them; what they may is unpublished",
    "they exist, may nothing, and nobody may grant or drop them",
  ),
  choice(
    "ALTER FUNCTION … DEPENDS ON EXTENSION",
    "AWS's lint counts it among what runs; the guide says that a function's properties do not change",
    "taken",
  ),
  choice(
    "ALTER TABLE … ENABLE ALWAYS / REPLICA TRIGGER",
    "AWS's lint counts them among what runs; the guide names ALL and USER only",
    "PostgreSQL's answer: there is no trigger of the name, 42704",
  ),
  choice(
    "a domain over a bare `numeric`",
    "a column of it is numeric(18,6), measured by dsqlbase; of a domain's base type nothing is known",
    "PostgreSQL's: no rounding",
  ),
  choice(
    "SET SESSION CHARACTERISTICS with an isolation level or DEFERRABLE",
    "pistachio measured READ ONLY and READ WRITE alone; an emulator's rule refuses every form",
    "refused as SET TRANSACTION is",
  ),
  choice(
    "ALTER DOMAIN … ADD CONSTRAINT, SET NOT NULL",
    "refused; texts unpublished",
    "`unsupported ALTER DOMAIN statement`",
  ),
  choice(
    "`ctid`, `xmin`, `xmax`, `cmin`, `cmax`, `tableoid` of a client's table",
    "`ctid` was measured as refused; of the others nothing is published, and in PostgreSQL the same text is for all but `ctid` and `tableoid`",
    "all refused, 0A000 `cannot retrieve a system column in this context`; those of catalogs are PostgreSQL's",
  ),
  choice(
    "arguments and results of functions of a type that no column may have",
    "the guide lists the types of columns, and arrays; texts unpublished",
    "0A000 `datatype … not supported`",
  ),
  choice(
    "`class_id` and `object_id` of a VALIDATE job",
    "recordings show `pg_class` for index builds; one program looks for the constraint in `pg_constraint`",
    "`pg_constraint` and the constraint",
  ),
  choice(
    "a unique index whose build has failed",
    "one source says that it refuses duplicates until it is dropped, another that it never enforces",
    "refuses them, as PostgreSQL's does",
  ),
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
