/** Each refusal of the service, by statement: SQLSTATE and text, word for word, and when it holds. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { rules } from "@dsql-local/spec";
import { createSqlParser, loadParser } from "./parser.ts";
import type { SqlParser } from "./statement.ts";

before(loadParser);

/** SQLSTATE 0A000 where none is given. */
type Expected = string | readonly [sqlstate: string, message: string];

const refused: readonly (readonly [sql: string, expected: Expected])[] = [
  // Transactions.
  ["BEGIN ISOLATION LEVEL SERIALIZABLE", "Unsupported isolation level: SERIALIZABLE"],
  [
    "START TRANSACTION ISOLATION LEVEL read committed, READ ONLY",
    "Unsupported isolation level: READ COMMITTED",
  ],
  ["SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED", "Unsupported isolation level: READ UNCOMMITTED"],
  [
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    'setting configuration parameter "TRANSACTION" not supported',
  ],
  ["SET TRANSACTION READ ONLY", 'setting configuration parameter "TRANSACTION" not supported'],
  [
    "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    'setting configuration parameter "TRANSACTION" not supported',
  ],
  [
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY, DEFERRABLE",
    'setting configuration parameter "TRANSACTION" not supported',
  ],
  [
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY, ISOLATION LEVEL SERIALIZABLE",
    "Unsupported isolation level: SERIALIZABLE",
  ],
  [
    "SET default_transaction_read_only = on",
    'setting configuration parameter "default_transaction_read_only" not supported',
  ],
  ["SAVEPOINT a", "unsupported transaction statement: SAVEPOINT"],
  ["RELEASE a", "unsupported transaction statement: RELEASE"],
  ["RELEASE SAVEPOINT a", "unsupported transaction statement: RELEASE"],
  ["ROLLBACK TO a", "unsupported transaction statement: ROLLBACK TO"],
  ["ROLLBACK TRANSACTION TO SAVEPOINT a", "unsupported transaction statement: ROLLBACK TO"],
  ["PREPARE TRANSACTION 'a'", "unsupported transaction statement: PREPARE TRANSACTION"],
  ["COMMIT PREPARED 'a'", "unsupported transaction statement: COMMIT PREPARED"],
  ["ROLLBACK PREPARED 'a'", "unsupported transaction statement: ROLLBACK PREPARED"],
  ["COMMIT AND CHAIN", "unsupported transaction statement: COMMIT AND CHAIN"],
  ["ROLLBACK AND CHAIN", "unsupported transaction statement: ROLLBACK AND CHAIN"],
  ["LOCK TABLE t IN EXCLUSIVE MODE", "unsupported statement: Lock"],
  ["SELECT * FROM t FOR SHARE", "locking clauses other than FOR UPDATE/FOR KEY SHARE are not supported"],
  [
    "WITH c AS (SELECT * FROM t FOR NO KEY UPDATE) SELECT * FROM c",
    "locking clauses other than FOR UPDATE/FOR KEY SHARE are not supported",
  ],
  [
    "SELECT * FROM a JOIN b USING (id) FOR UPDATE OF a FOR SHARE OF b",
    "locking clauses other than FOR UPDATE/FOR KEY SHARE are not supported",
  ],
  // Settings.
  ["SET statement_timeout = 0", 'setting configuration parameter "statement_timeout" not supported'],
  ["SET LOCAL lock_timeout = '1s'", 'setting configuration parameter "lock_timeout" not supported'],
  ["RESET row_security", 'setting configuration parameter "row_security" not supported'],
  [
    "SET default_transaction_isolation = 'repeatable read'",
    'setting configuration parameter "default_transaction_isolation" not supported',
  ],
  ["SET response.headers = 'x'", 'setting configuration parameter "response.headers" not supported'],
  ["SET ROLE r", 'setting configuration parameter "role" not supported'],
  ["RESET ROLE", 'setting configuration parameter "role" not supported'],
  ["SET SESSION AUTHORIZATION r", 'setting configuration parameter "session_authorization" not supported'],
  [
    "SELECT set_config('Statement_Timeout', '0', false)",
    'setting configuration parameter "Statement_Timeout" not supported',
  ],
  // Statements.
  ["TRUNCATE t", "unsupported statement: Truncate"],
  ["CREATE EXTENSION pg_trgm", "unsupported statement: CreateExtension"],
  ["CREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()", "CREATE TRIGGER not supported"],
  ["CREATE DATABASE d", "unsupported statement: Createdb"],
  ["CREATE TABLE t AS SELECT 1", "unsupported statement: CreateTableAs"],
  ["EXPLAIN CREATE TABLE t AS SELECT 1", "unsupported statement: CreateTableAs"],
  ["CREATE MATERIALIZED VIEW v AS SELECT 1", "unsupported statement: CreateTableAs"],
  ["SELECT 1 INTO t", "unsupported statement: CreateTableAs"],
  ["CREATE TYPE e AS ENUM ('a')", "CREATE TYPE not supported"],
  ["CREATE TYPE e AS (a int)", "unsupported statement: CompositeType"],
  ["CREATE TYPE e AS RANGE (subtype = int4)", "unsupported statement: CreateRange"],
  ["ALTER TYPE e ADD VALUE 'b'", "ALTER TYPE not supported"],
  ["ALTER TYPE e ADD ATTRIBUTE b int", "ALTER TYPE not supported"],
  ["ALTER TYPE e RENAME TO f", "unsupported object in RENAME statement"],
  ["DROP TYPE e", "unsupported object in DROP statement"],
  ["DROP MATERIALIZED VIEW v", "unsupported object in DROP statement"],
  ["CREATE TABLESPACE s LOCATION '/x'", "unsupported statement: CreateTableSpace"],
  ["CREATE FOREIGN TABLE t (a int) SERVER s", "unsupported statement: CreateForeignTable"],
  ["VACUUM", "unsupported VACUUM statement"],
  ["VACUUM (ANALYZE) t", "unsupported VACUUM statement"],
  ["LISTEN c", "unsupported statement: Listen"],
  ["NOTIFY c, 'x'", "unsupported statement: Notify"],
  ["UNLISTEN *", "unsupported statement: Unlisten"],
  ["ALTER SYSTEM SET work_mem = 1", "unsupported statement: AlterSystem"],
  ["DECLARE c CURSOR FOR SELECT 1", "unsupported statement: DeclareCursor"],
  ["CREATE POLICY p ON t", "unsupported statement: CreatePolicy"],
  ["CREATE AGGREGATE a (int) (sfunc = f, stype = int)", "unsupported statement: Define"],
  [
    "ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR word WITH simple",
    "unsupported statement: AlterTSConfiguration",
  ],
  ["MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE", "unsupported statement type: MERGE"],
  ["CREATE PROCEDURE p() LANGUAGE sql AS ''", "PROCEDURE is not supported"],
  [
    "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'x'",
    "CREATE FUNCTION with language plpgsql not supported",
  ],
  ["SELECT * FROM t TABLESAMPLE SYSTEM (1)", "TABLESAMPLE clause not supported"],
  ["CALL sys.wait_for_job((SELECT 'x'))", "cannot use subquery in CALL argument"],
  ["PREPARE p AS SELECT 1", "unsupported statement: Prepare"],
  ["EXECUTE p", "unsupported statement: Execute"],
  ["DEALLOCATE p", "unsupported statement: Deallocate"],
  ["DISCARD ALL", "unsupported statement: Discard"],
  ["DO 'x'", "unsupported statement: Do"],
  ["LOAD 'x'", "unsupported statement: Load"],
  ["CHECKPOINT", "unsupported statement: CheckPoint"],
  ["REINDEX TABLE t", "unsupported statement: Reindex"],
  ["CLUSTER t", "unsupported statement: Cluster"],
  ["REFRESH MATERIALIZED VIEW v", "unsupported statement: RefreshMatView"],
  ["CREATE RULE r AS ON INSERT TO t DO NOTHING", "unsupported statement: Rule"],
  ["SECURITY LABEL ON TABLE t IS 'x'", "unsupported statement: SecLabel"],
  ["CREATE PUBLICATION p", "unsupported statement: CreatePublication"],
  ["CREATE SERVER s FOREIGN DATA WRAPPER w", "unsupported statement: CreateForeignServer"],
  ["COPY t FROM '/x'", "COPY with a file not supported"],
  ["COPY t TO PROGRAM 'x'", "COPY PROGRAM not supported"],
  ["COPY t FROM STDIN (FREEZE)", "FREEZE not supported for COPY"],
  ["CREATE TEMP VIEW v AS SELECT 1", "TEMPORARY or TEMP view not supported for CREATE VIEW"],
  [
    "ALTER STATISTICS s SET STATISTICS 101",
    ["22023", "statistics target 101 exceeds maximum allowed value of 100"],
  ],
  // Roles.
  ["CREATE USER u", "CREATE USER not supported"],
  ["CREATE ROLE r WITH LOGIN PASSWORD 'x'", "PASSWORD not supported for CREATE ROLE"],
  ["CREATE ROLE r SUPERUSER", "SUPERUSER not supported for CREATE ROLE"],
  ["ALTER ROLE r CREATEDB", "CREATEDB not supported for ALTER ROLE"],
  ["ALTER ROLE r SET search_path TO a", "unsupported statement: AlterRoleSet"],
  ["GRANT CONNECT ON DATABASE postgres TO r", "unsupported object type in GRANT"],
  ["GRANT USAGE ON SCHEMA public TO r", "feature not supported on system entity"],
  ["GRANT CREATE ON SCHEMA a, public TO r", "feature not supported on system entity"],
  // Tables.
  ["CREATE TEMP TABLE t (a int)", "TEMPORARY or TEMP table not supported for CREATE TABLE"],
  ["CREATE TEMPORARY TABLE t (a int)", "TEMPORARY or TEMP table not supported for CREATE TABLE"],
  ["CREATE UNLOGGED TABLE t (a int)", "UNLOGGED table not supported for CREATE TABLE"],
  ["CREATE TABLE t (a int) PARTITION BY HASH (a)", "PARTITION BY clause not supported for CREATE TABLE"],
  ["CREATE TABLE t PARTITION OF p FOR VALUES IN (1)", "PARTITION OF clause not supported for CREATE TABLE"],
  ["CREATE TABLE t (a int) WITH (fillfactor = 90)", "WITH clause not supported for CREATE TABLE"],
  ["CREATE TABLE t (a int) INHERITS (p)", "INHERITS clause not supported for CREATE TABLE"],
  ["CREATE TABLE t (a int) TABLESPACE s", "TABLESPACE clause not supported for CREATE TABLE"],
  ["CREATE TABLE t (a int) USING heap", "USING clause not supported for CREATE TABLE"],
  ["CREATE TABLE t OF y", "OF clause not supported for CREATE TABLE"],
  ["CREATE TABLE t (a int, EXCLUDE USING gist (a WITH =))", "EXCLUDE clause not supported for CREATE TABLE"],
  ['CREATE TABLE t (a text COLLATE "C")', "COLLATE clause not supported"],
  ["CREATE TABLE t (a int UNIQUE DEFERRABLE)", "DEFERRABLE constraint not supported"],
  ["CREATE TABLE t (a int, UNIQUE (a) DEFERRABLE)", "DEFERRABLE constraint not supported"],
  ["CREATE TABLE t (a int, PRIMARY KEY (a) INITIALLY DEFERRED)", "DEFERRABLE constraint not supported"],
  ["CREATE TABLE t (a int REFERENCES u UNIQUE DEFERRABLE)", "DEFERRABLE constraint not supported"],
  ["CREATE TABLE t (a int UNIQUE INITIALLY DEFERRED)", "DEFERRABLE constraint not supported"],
  [
    "ALTER TABLE t ADD CONSTRAINT c UNIQUE USING INDEX i DEFERRABLE",
    "ALTER TABLE / ADD CONSTRAINT UNIQUE / DEFERRED / INITIALLY DEFERRED not supported",
  ],
  [
    "ALTER TABLE t ADD CONSTRAINT c UNIQUE USING INDEX i INITIALLY DEFERRED",
    "ALTER TABLE / ADD CONSTRAINT UNIQUE / DEFERRED / INITIALLY DEFERRED not supported",
  ],
  ["DROP DOMAIN d CASCADE", "DROP DOMAIN with CASCADE unsupported"],
  ["DROP DOMAIN IF EXISTS d, e CASCADE", "DROP DOMAIN with CASCADE unsupported"],
  ["CREATE FUNCTION f() RETURNS int4range LANGUAGE sql AS 'SELECT 1'", "datatype int4range not supported"],
  ["CREATE FUNCTION f(a inet) RETURNS int LANGUAGE sql AS 'SELECT 1'", "datatype inet not supported"],
  ["CREATE FUNCTION f(OUT a money) LANGUAGE sql AS 'SELECT 1'", "datatype money not supported"],
  ["CREATE FUNCTION f() RETURNS SETOF point LANGUAGE sql AS 'SELECT 1'", "datatype point not supported"],
  ["CREATE FUNCTION f() RETURNS inet[] LANGUAGE sql AS 'SELECT 1'", "datatype inet[] not supported"],
  [
    "CREATE FUNCTION f() RETURNS TABLE (a int, b tsvector) LANGUAGE sql AS 'SELECT 1'",
    "datatype tsvector not supported",
  ],
  ["CREATE SEQUENCE s CACHE 0", ["22023", "CACHE (0) must be greater than zero"]],
  ["CREATE SEQUENCE s CACHE -1", ["22023", "CACHE (-1) must be greater than zero"]],
  ["ALTER SEQUENCE s CACHE 0", ["22023", "CACHE (0) must be greater than zero"]],
  [
    `CREATE TABLE t (${columns(9)}, PRIMARY KEY (${names(9)}))`,
    ["54011", "more than 8 column keys in an index are not supported"],
  ],
  [`CREATE TABLE t (${columns(257)})`, ["54011", "tables can have at most 255 columns"]],
  [
    `CREATE TABLE t (${columns(257)}, PRIMARY KEY (c0))`,
    ["54011", "cannot use more than 256 columns in an index"],
  ],
  // ALTER TABLE.
  ["ALTER TABLE t ADD COLUMN c int DEFAULT 0", "ALTER TABLE ADD COLUMN with constraint not supported"],
  ["ALTER TABLE t ADD c int NOT NULL", "ALTER TABLE ADD COLUMN with constraint not supported"],
  ["ALTER TABLE t ADD c int UNIQUE", "ALTER TABLE ADD COLUMN with constraint not supported"],
  [
    "ALTER TABLE t ADD c int GENERATED ALWAYS AS (1) STORED",
    "ALTER TABLE ADD COLUMN with constraint not supported",
  ],
  ["ALTER TABLE t ADD COLUMN a int[]", "datatype integer[] not supported"],
  ["ALTER TABLE t ADD PRIMARY KEY (a)", "unsupported ALTER TABLE ADD CONSTRAINT statement"],
  ["ALTER TABLE t ADD PRIMARY KEY USING INDEX i", "unsupported ALTER TABLE ADD CONSTRAINT statement"],
  ["ALTER TABLE t ADD UNIQUE (a)", "unsupported ALTER TABLE ADD CONSTRAINT statement"],
  ["ALTER TABLE t ADD CHECK (a > 0)", "unsupported ALTER TABLE ADD CONSTRAINT statement"],
  ["ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u", "unsupported ALTER TABLE ADD CONSTRAINT statement"],
  ["ALTER TABLE t VALIDATE CONSTRAINT c", "unsupported ALTER TABLE VALIDATE CONSTRAINT statement"],
  [
    "ALTER TABLE t ALTER COLUMN a TYPE money",
    "unsupported ALTER TABLE ALTER COLUMN ... SET DATA TYPE statement",
  ],
  ["ALTER TABLE t ALTER a SET NOT NULL", "unsupported ALTER TABLE ALTER COLUMN ... SET NOT NULL statement"],
  [
    "ALTER TABLE t ALTER a SET STATISTICS 10",
    "unsupported ALTER TABLE ALTER COLUMN ... SET STATISTICS statement",
  ],
  [
    "ALTER TABLE t ALTER a SET COMPRESSION lz4",
    "unsupported ALTER TABLE ALTER COLUMN ... SET COMPRESSION statement",
  ],
  ["ALTER TABLE t ENABLE ROW LEVEL SECURITY", "unsupported ALTER TABLE ENABLE ROW SECURITY statement"],
  ["ALTER TABLE t FORCE ROW LEVEL SECURITY", "unsupported ALTER TABLE ENABLE ROW SECURITY statement"],
  ["ALTER TABLE t REPLICA IDENTITY FULL", "unsupported ALTER TABLE REPLICA IDENTITY statement"],
  ["ALTER TABLE t INHERIT p", "unsupported ALTER TABLE INHERIT statement"],
  ["ALTER TABLE t SET (fillfactor = 90)", "unsupported ALTER TABLE SET statement"],
  ["ALTER TABLE t CLUSTER ON i", "unsupported ALTER TABLE CLUSTER ON statement"],
  ["ALTER TABLE t SET TABLESPACE s", "unsupported ALTER TABLE SET TABLESPACE statement"],
  ["ALTER TABLE t SET LOGGED", "unsupported ALTER TABLE SET LOGGED statement"],
  ["ALTER INDEX i SET (fillfactor = 90)", "unsupported ALTER INDEX statement"],
  // Indexes.
  ["CREATE INDEX i ON t (a)", "unsupported mode. please use CREATE INDEX ASYNC."],
  ["CREATE UNIQUE INDEX ON t (a)", "unsupported mode. please use CREATE INDEX ASYNC."],
  ["CREATE INDEX CONCURRENTLY i ON t (a)", "CONCURRENTLY not supported for CREATE INDEX"],
  ["CREATE INDEX ASYNC CONCURRENTLY i ON t (a)", "CONCURRENTLY not supported for CREATE INDEX"],
  ["CREATE INDEX ASYNC i ON t USING btree (a)", "USING not supported for CREATE INDEX"],
  ["CREATE INDEX i ON t USING gin (a)", "USING not supported for CREATE INDEX"],
  ["CREATE INDEX CONCURRENTLY i ON t USING gin (a)", "CONCURRENTLY not supported for CREATE INDEX"],
  ["CREATE INDEX ASYNC i ON t (a DESC)", "specifying sort order not supported for index keys"],
  ["CREATE INDEX ASYNC i ON t (a ASC)", "specifying sort order not supported for index keys"],
  ["CREATE INDEX i ON t (a DESC)", "unsupported mode. please use CREATE INDEX ASYNC."],
  ["CREATE INDEX ASYNC i ON t (a text_pattern_ops)", "opclass not supported for index keys"],
  ['CREATE INDEX ASYNC i ON t (a COLLATE "C")', "COLLATE clause not supported"],
  ["CREATE INDEX ASYNC i ON t (a) WITH (fillfactor = 90)", "WITH not supported for CREATE INDEX"],
  ["CREATE INDEX ASYNC i ON t (a) TABLESPACE s", "TABLESPACE not supported for CREATE INDEX"],
  ["CREATE INDEX ASYNC i ON t (a) INCLUDE ((a + 1))", "expressions are not supported in included columns"],
  [
    `CREATE INDEX ASYNC i ON t (${names(9)})`,
    ["54011", "more than 8 column keys in an index are not supported"],
  ],
  ["DROP INDEX CONCURRENTLY i", "DROP INDEX CONCURRENTLY must be first action in transaction"],
  // Sequences and identity.
  [
    "CREATE SEQUENCE s",
    "CREATE SEQUENCE is not supported without an explicit cache size. please define CACHE greater than or equal to 65536 or equal to 1",
  ],
  ["CREATE SEQUENCE s CACHE 2", "CACHE (2) must be greater than or equal to 65536 or equal to 1"],
  ["CREATE SEQUENCE s CACHE 65535", "CACHE (65535) must be greater than or equal to 65536 or equal to 1"],
  ["ALTER SEQUENCE s CACHE 20", "CACHE (20) must be greater than or equal to 65536 or equal to 1"],
  ["CREATE SEQUENCE s AS int CACHE 1", "datatype integer not supported, sequence type must be bigint"],
  [
    "CREATE TABLE t (a bigint GENERATED ALWAYS AS IDENTITY)",
    "identity column is not supported without an explicit cache size. please define CACHE greater than or equal to 65536 or equal to 1",
  ],
  [
    "CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY)",
    "identity column is not supported without an explicit cache size. please define CACHE greater than or equal to 65536 or equal to 1",
  ],
  [
    "CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY (CACHE 1))",
    "datatype integer not supported, identity column type must be bigint",
  ],
  [
    "ALTER TABLE t ALTER a ADD GENERATED ALWAYS AS IDENTITY",
    "identity column is not supported without an explicit cache size. please define CACHE greater than or equal to 65536 or equal to 1",
  ],
  ["ALTER TABLE t ALTER a SET CACHE 5", "CACHE (5) must be greater than or equal to 65536 or equal to 1"],
  // Types.
  ["CREATE TABLE t (a serial)", ["42704", 'type "serial" does not exist']],
  ["CREATE TABLE t (a bigserial PRIMARY KEY)", ["42704", 'type "bigserial" does not exist']],
  ["ALTER TABLE t ADD a smallserial", ["42704", 'type "smallserial" does not exist']],
  ["CREATE TABLE t (a int[])", "datatype integer[] not supported"],
  ["CREATE TABLE t (a varchar(20)[])", "datatype character varying[] not supported"],
  ["CREATE TABLE t (a timestamptz ARRAY)", "datatype timestamp with time zone[] not supported"],
  ["CREATE TABLE t (a text[][])", "datatype text[] not supported"],
  ["CREATE TABLE t (a money)", "datatype money not supported"],
  ["CREATE TABLE t (a pg_catalog.inet)", "datatype inet not supported"],
  ["CREATE TABLE t (a bit(3))", "datatype bit not supported"],
  ["CREATE TABLE t (a bit varying)", "datatype bit varying not supported"],
  ["CREATE TABLE t (a tsvector)", "datatype tsvector not supported"],
  ["CREATE TABLE t (a int4multirange)", "datatype int4multirange not supported"],
  ["CREATE DOMAIN d AS point", "datatype point not supported"],
  ["CREATE TABLE t (a numeric(1001))", ["22023", "NUMERIC precision 1001 must be between 1 and 1000"]],
  [
    "CREATE TABLE t (a char(4097))",
    ["54000", "Datatype limit greater than 4096 bytes not supported for char"],
  ],
  [
    "CREATE TABLE t (a varchar(65536))",
    ["54000", "Datatype limit greater than 65535 bytes not supported for varchar"],
  ],
  ["CREATE TABLE t (a bytea PRIMARY KEY)", "datatype bytea is not supported in a key"],
  ["CREATE TABLE t (a int, b jsonb, PRIMARY KEY (a, b))", "datatype jsonb is not supported in a key"],
  ["CREATE TABLE t (a interval UNIQUE)", "datatype interval is not supported in a key"],
  ["CREATE TABLE t (a timetz UNIQUE)", "datatype time with time zone is not supported in a key"],
  // Functions.
  ["SELECT pg_backend_pid()", "function pg_backend_pid not supported"],
  ["SELECT pg_catalog.pg_cancel_backend(1)", "function pg_cancel_backend not supported"],
  ["SELECT 1 WHERE pg_try_advisory_lock(1)", "function pg_try_advisory_lock not supported"],
  ["SELECT pg_advisory_xact_lock(1)", "function pg_advisory_xact_lock not supported"],
  ["SELECT pg_advisory_unlock_all()", "function pg_advisory_unlock_all not supported"],
  ["INSERT INTO t VALUES (lastval())", "function lastval not supported"],
  ["SELECT pg_notify('c', 'x')", "function pg_notify not supported"],
  ["SELECT pg_table_size('t')", "function pg_table_size not supported"],
  ["SELECT lo_create(0)", "function lo_create not supported"],
  ["SELECT line(point(0, 0), point(1, 1))", "datatype line not supported"],
  [
    "SELECT to_tsvector('english', a) FROM t",
    ["42704", 'text search configuration "english" does not exist'],
  ],
];

function names(count: number): string {
  return Array.from({ length: count }, (_, index) => `c${index}`).join(", ");
}

function columns(count: number): string {
  return Array.from({ length: count }, (_, index) => `c${index} int`).join(", ");
}

const accepted: readonly string[] = [
  "BEGIN",
  "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
  "START TRANSACTION READ WRITE",
  "COMMIT AND NO CHAIN",
  "SET CONSTRAINTS ALL DEFERRED",
  "SET TIME ZONE 'Europe/Berlin'",
  "SET SCHEMA 'x'",
  "SET LOCAL search_path TO a, b",
  "SET LOCAL ROLE r",
  "SET dsql.enable_batched_nestloop = off",
  "SET disable_sync_create_index = off",
  "RESET ALL",
  "SHOW statement_timeout",
  "SHOW ALL",
  "SELECT set_config('TimeZone', 'UTC', true)",
  "SELECT 1 FOR SHARE",
  "SELECT * FROM (SELECT * FROM t FOR UPDATE) s FOR SHARE",
  "WITH c AS (SELECT 1) SELECT * FROM c FOR SHARE",
  "SELECT * FROM t FOR KEY SHARE SKIP LOCKED",
  "SELECT * FROM a, b FOR UPDATE OF a NOWAIT",
  "DEALLOCATE ALL",
  "ANALYZE t (a, b)",
  "DROP TRIGGER IF EXISTS a ON t",
  "COPY t FROM STDIN",
  "COPY (SELECT 1) TO STDOUT",
  "EXPLAIN (ANALYZE, VERBOSE) SELECT 1",
  "CREATE VIEW v AS SELECT 1",
  "CREATE VIEW v WITH (security_barrier, security_invoker = true) AS SELECT 1",
  "CREATE VIEW v WITH (check_option = local) AS SELECT a FROM t",
  "CREATE VIEW v AS SELECT a FROM t WITH CASCADED CHECK OPTION",
  "ALTER VIEW v SET (security_barrier = false)",
  "ALTER VIEW v RESET (security_barrier)",
  "DROP DOMAIN d",
  "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
  "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
  "ALTER TABLE t ENABLE ALWAYS TRIGGER a",
  "ALTER TABLE t ENABLE REPLICA TRIGGER a",
  "ALTER FUNCTION f() DEPENDS ON EXTENSION plpgsql",
  "CREATE FUNCTION f(int[], VARIADIC text[]) RETURNS uuid[] LANGUAGE sql AS 'SELECT 1'",
  "CREATE FUNCTION f(a int DEFAULT 1, OUT b int, INOUT c text) RETURNS record LANGUAGE sql AS 'SELECT 1'",
  "CREATE FUNCTION f() RETURNS SETOF t LANGUAGE sql SECURITY DEFINER AS 'SELECT * FROM t'",
  "CREATE FUNCTION f() RETURNS int LANGUAGE SQL AS 'SELECT 1'",
  "CREATE FUNCTION f() RETURNS int RETURN 1",
  "CREATE DOMAIN d AS text CHECK (VALUE <> '')",
  "CREATE ROLE r WITH LOGIN",
  "ALTER USER a RENAME TO b",
  "GRANT a TO b",
  "GRANT SELECT ON ALL TABLES IN SCHEMA public TO r",
  "GRANT USAGE, CREATE ON SCHEMA s TO r",
  "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO r",
  "CREATE SCHEMA s CREATE TABLE t (a int)",
  "CREATE STATISTICS s ON a, b FROM t",
  "CREATE TABLE t (a int) WITHOUT OIDS",
  "CREATE TABLE t (LIKE u INCLUDING ALL)",
  "CREATE TABLE t (a text STORAGE MAIN, b numeric(1000, 2) PRIMARY KEY, c json, d jsonb)",
  "CREATE TABLE t (a int REFERENCES u ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED)",
  "CREATE TABLE t (a int PRIMARY KEY REFERENCES u (id) DEFERRABLE INITIALLY DEFERRED)",
  "CREATE TABLE t (a int UNIQUE NOT DEFERRABLE, PRIMARY KEY (a) NOT DEFERRABLE INITIALLY IMMEDIATE)",
  "ALTER TABLE t ADD COLUMN c int NULL",
  "ALTER TABLE t ADD COLUMN c text STORAGE MAIN NULL",
  "CREATE TABLE t (a bigint GENERATED BY DEFAULT AS IDENTITY (CACHE 1 START 5))",
  "CREATE TABLE t (a bigint GENERATED ALWAYS AS IDENTITY (CACHE 65536))",
  "CREATE TABLE t (a varchar(65535), b char(4096))",
  `CREATE TABLE t (${columns(256)})`,
  "CREATE TABLE t (a my.money)",
  "CREATE SEQUENCE s CACHE 70000000000",
  "ALTER TABLE t ADD COLUMN IF NOT EXISTS c int, DROP COLUMN d CASCADE",
  "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID",
  "ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES u NOT VALID",
  "ALTER TABLE t ADD CONSTRAINT c UNIQUE USING INDEX i",
  "ALTER TABLE ASYNC t VALIDATE CONSTRAINT c",
  "ALTER TABLE t ALTER a SET DEFAULT 1, ALTER b DROP NOT NULL, OWNER TO r",
  "ALTER TABLE t DISABLE TRIGGER ALL",
  "ALTER TABLE t RENAME a TO b",
  "ALTER INDEX i RENAME TO j",
  "CREATE INDEX ASYNC ON t (a NULLS FIRST, lower(b)) INCLUDE (c) NULLS NOT DISTINCT WHERE a > 1",
  "CREATE INDEX ASYNC i ON t ((a->>'USING'))",
  "SELECT my.lastval()",
  'SELECT * FROM jsonb_to_recordset($1) AS t(a int[], b text COLLATE "C")',
  "SELECT '{1}'::int[], '10.0.0.1'::inet, int4range(1, 2)",
  "SELECT to_tsvector('simple', a), to_tsvector(a) FROM t",
  "SELECT pg_sleep(0), gen_random_uuid(), array_agg(a) FROM t",
];

function refusalOf(parser: SqlParser, sql: string): readonly [string, string] | undefined {
  const [statement, ...others] = parser.parse(sql).statements;
  assert.ok(statement !== undefined && others.length === 0, `one statement in ${sql}`);
  return statement.refusal && [statement.refusal.sqlstate, statement.refusal.message];
}

for (const [sql, expected] of refused) {
  const [sqlstate, message] = typeof expected === "string" ? (["0A000", expected] as const) : expected;
  test(`refused: ${sql.slice(0, 80)}`, () => {
    assert.deepEqual(refusalOf(createSqlParser(), sql), [sqlstate, message]);
  });
}

for (const sql of accepted) {
  test(`accepted: ${sql.slice(0, 80)}`, () => {
    assert.equal(refusalOf(createSqlParser(), sql), undefined);
  });
}

/** What was refused on the first date and taken on the second. */
const history: readonly (readonly [sql: string, before: string, after: string, message: string])[] = [
  [
    "ALTER TABLE t DROP COLUMN a",
    "2026-08-02",
    "2026-08-03",
    "unsupported ALTER TABLE DROP COLUMN statement",
  ],
  [
    "ALTER TABLE t ALTER a SET DEFAULT 1",
    "2026-06",
    "2026-07",
    "unsupported ALTER TABLE ALTER COLUMN ... SET DEFAULT statement",
  ],
  [
    "ALTER TABLE t ADD CHECK (a > 0) NOT VALID",
    "2026-07",
    "2026-08",
    "unsupported ALTER TABLE ADD CONSTRAINT statement",
  ],
  ["CREATE TABLE t (a int REFERENCES u)", "2026-08-25", "2026-08-26", "FOREIGN KEY constraint not supported"],
  ["CREATE TABLE t (a json)", "2025-11", "2026-06", "datatype json not supported"],
  ["CREATE TABLE t (a jsonb)", "2026-06-07", "2026-06-08", "datatype jsonb not supported"],
  [
    "CREATE TABLE t (a numeric PRIMARY KEY)",
    "2026-01",
    "2026-06",
    "datatype numeric is not supported in a key",
  ],
  ["CREATE INDEX ASYNC i ON t (a) WHERE a > 1", "2026-08", "2026-09", "WHERE not supported for CREATE INDEX"],
  [
    "SELECT * FROM t FOR KEY SHARE",
    "2026-08-24",
    "2026-08-25",
    "locking clauses other than FOR UPDATE/FOR KEY SHARE are not supported",
  ],
  [
    "SET dsql.enable_batched_nestloop = off",
    "2026-08",
    "latest",
    'setting configuration parameter "dsql.enable_batched_nestloop" not supported',
  ],
  [
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    "2026-10-09",
    "2026-10-10",
    'setting configuration parameter "TRANSACTION" not supported',
  ],
  [
    "CREATE VIEW v AS SELECT a FROM t WITH CHECK OPTION",
    "2026-08",
    "2026-09",
    "WITH CHECK OPTION not supported for CREATE VIEW",
  ],
  [
    "CREATE VIEW v WITH (security_barrier) AS SELECT 1",
    "2026-08",
    "2026-09",
    "WITH clause not supported for CREATE VIEW",
  ],
  ["ALTER VIEW v SET (security_barrier)", "2026-08", "2026-09", "unsupported ALTER VIEW statement"],
  ["CREATE SEQUENCE s CACHE 1", "2026-01", "2026-06", "unsupported statement: CreateSeq"],
];

for (const [sql, dateBefore, dateAfter, message] of history) {
  test(`refused as of ${dateBefore}, accepted as of ${dateAfter}: ${sql}`, () => {
    assert.equal(refusalOf(createSqlParser({ asOf: dateBefore }), sql)?.[1], message);
    assert.equal(refusalOf(createSqlParser({ asOf: dateAfter }), sql), undefined);
  });
}

test("a date that is none is an error of the caller", () => {
  assert.throws(() => createSqlParser({ asOf: "yesterday" }), RangeError);
});

test("hints say what to write instead, and the message stays the service's", () => {
  const [statement] = createSqlParser().parse("CREATE INDEX i ON t (a)").statements;
  assert.match(statement?.refusal?.hint ?? "", /CREATE INDEX ASYNC/);
  assert.equal(statement?.refusedBy, "index-without-async");
});

test("a refused statement keeps its kind, for 25P02 comes first in a failed block", () => {
  const kinds = createSqlParser()
    .parse("BEGIN ISOLATION LEVEL SERIALIZABLE; SAVEPOINT a; SELECT lastval()")
    .statements.map(({ kind }) => kind);
  assert.deepEqual(kinds, ["begin", "ddl", "read"]);
});

test("every rule has its own id, ISO dates and a source", () => {
  const ids = rules.map(({ id }) => id);
  assert.deepEqual(ids, [...new Set(ids)]);
  for (const { id, since, until, source } of rules) {
    for (const date of [since, until]) assert.match(date ?? "2026-01-01", /^\d{4}-\d{2}-\d{2}$/, id);
    assert.match(source, /^https:/, id);
  }
});
