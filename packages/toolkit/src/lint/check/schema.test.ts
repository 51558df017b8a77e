import assert from "node:assert/strict";
import { test } from "node:test";
import { lintTexts } from "../index.ts";

/** @returns `rule message` of what only the statements together tell */
async function foundIn(...files: readonly string[]): Promise<string[]> {
  const rules = [
    "missing-indexes",
    "indexes-per-table",
    "declared-key-bytes",
    "index-column-type",
    "drop-key-column",
    "drop-primary-key",
    "index-not-immutable",
    "identity-type",
    "missing-primary-key",
  ];
  const inputs = files.map((text, index) => ({ file: `${index}.sql`, text }));
  const { findings } = await lintTexts(inputs, { rules });
  return findings.map(({ ruleId, message }) => `${ruleId}: ${message}`);
}

const owner = "CREATE TABLE owner (id uuid PRIMARY KEY);";
const pet = "CREATE TABLE pet (id uuid PRIMARY KEY, owner_id uuid REFERENCES owner);";

test("a foreign key wants an index that leads with its columns", async () => {
  const expected = ['foreign-key-without-index: no index leads with (owner_id), which references "owner"'];
  assert.deepEqual(await foundIn(owner + pet), expected);
  assert.deepEqual(await foundIn(owner + pet, "CREATE INDEX ASYNC ON pet (id, owner_id)"), expected);
  assert.deepEqual(
    await foundIn(owner + pet, "CREATE INDEX ASYNC ON pet (owner_id) WHERE id IS NULL"),
    expected,
  );
});

test("an index of a later file serves it, and so does a key that it leads", async () => {
  assert.deepEqual(await foundIn(owner + pet, "CREATE INDEX ASYNC pet_owner ON pet (owner_id, id)"), []);
  assert.deepEqual(
    await foundIn(
      owner,
      "CREATE TABLE pet (owner_id uuid REFERENCES owner, id uuid, PRIMARY KEY (owner_id, id))",
    ),
    [],
  );
});

test("an index that is dropped serves no more", async () => {
  const found = await foundIn(owner + pet, "CREATE INDEX ASYNC i ON pet (owner_id)", "DROP INDEX i");
  assert.equal(found.length, 1);
});

test("a column of several may lead in any order", async () => {
  const child = "CREATE TABLE c (id int PRIMARY KEY, a int, b int, FOREIGN KEY (a, b) REFERENCES p (a, b));";
  assert.deepEqual(await foundIn(child + "CREATE INDEX ASYNC ON c (b, a)"), []);
});

test("a tenant wants an index, unless a foreign key asked for one already", async () => {
  assert.deepEqual(await foundIn("CREATE TABLE invoice (id uuid PRIMARY KEY, tenant_id uuid)"), [
    'tenant-without-index: no index of "invoice" leads with the tenant, "tenant_id"',
  ]);
  assert.deepEqual(
    await foundIn("CREATE TABLE invoice (tenant_id uuid, id uuid, PRIMARY KEY (tenant_id, id))"),
    [],
  );
  assert.deepEqual(
    (await foundIn("CREATE TABLE invoice (id uuid PRIMARY KEY, tenant_id uuid REFERENCES tenant)")).map(
      (found) => found.split(":")[0],
    ),
    ["foreign-key-without-index"],
  );
});

test("the 25th index of a table is one too many", async () => {
  const index = (number: number): string => `CREATE INDEX ASYNC i${number} ON t (a);`;
  const indexes = (count: number): string =>
    Array.from({ length: count }, (_, number) => index(number)).join("");
  const table = "CREATE TABLE t (id int PRIMARY KEY, a int);";
  assert.deepEqual(await foundIn(table + indexes(23)), []);
  assert.deepEqual(await foundIn(table + indexes(24)), [
    'indexes-per-table: more than 24 indexes per table are not allowed: this is the 25th of "t"',
  ]);
});

test("declared sizes of a key add up", async () => {
  assert.deepEqual(await foundIn("CREATE TABLE t (a varchar(1500), b varchar(501), PRIMARY KEY (a, b))"), [
    "declared-key-bytes: key size greater than 2000 bytes not supported: (a, b) declares 2001",
  ]);
  assert.deepEqual(await foundIn("CREATE TABLE t (a varchar(1500), b varchar(500), PRIMARY KEY (a, b))"), []);
});

test("an index on a column that cannot be a key is found, also when the column was renamed", async () => {
  const expected = ['index-column-type: datatype jsonb is not supported in a key: column "b"'];
  assert.deepEqual(
    await foundIn("CREATE TABLE t (id int PRIMARY KEY, b jsonb); CREATE INDEX ASYNC ON t (b)"),
    expected,
  );
  assert.deepEqual(
    await foundIn(
      "CREATE TABLE u (id int PRIMARY KEY, a jsonb); ALTER TABLE u RENAME a TO b; ALTER TABLE u RENAME TO t; CREATE INDEX ASYNC ON t (b)",
    ),
    expected,
  );
});

test("a column of the primary key cannot be dropped", async () => {
  assert.deepEqual(
    await foundIn("CREATE TABLE t (a int, b int, PRIMARY KEY (a)); ALTER TABLE t DROP COLUMN a"),
    ["drop-key-column: cannot drop primary key column a"],
  );
  assert.deepEqual(
    await foundIn("CREATE TABLE t (a int, b int, PRIMARY KEY (a)); ALTER TABLE t DROP COLUMN b"),
    [],
  );
});

test("a table that is dropped or made anew is judged by what it is", async () => {
  assert.deepEqual(await foundIn(owner + pet + "DROP TABLE pet"), []);
  assert.equal((await foundIn(owner + pet, owner + pet)).length, 2);
});

test("a primary key that a later statement adds is there; one that nobody adds is missing", async () => {
  const found = await foundIn(
    "CREATE TABLE a (id int); CREATE TABLE b (id int);",
    "ALTER TABLE a ADD PRIMARY KEY (id)",
  );
  assert.deepEqual(found, ['missing-primary-key: table "b" has no primary key']);
});

test("a column that only shows a company's name is no tenant", async () => {
  assert.deepEqual(await foundIn("CREATE TABLE a (id uuid PRIMARY KEY, company text)"), []);
  assert.equal((await foundIn("CREATE TABLE a (id uuid PRIMARY KEY, company_id uuid)")).length, 1);
});

test("the primary key cannot be dropped, by its own name or by PostgreSQL's; another constraint can", async () => {
  const drop = "drop-primary-key: unsupported ALTER TABLE DROP CONSTRAINT statement";
  assert.deepEqual(
    await foundIn("CREATE TABLE a (id int PRIMARY KEY); ALTER TABLE a DROP CONSTRAINT a_pkey"),
    [drop],
  );
  const named = "CREATE TABLE s.a (id int, n int CONSTRAINT u UNIQUE, CONSTRAINT k PRIMARY KEY (id));";
  assert.deepEqual(await foundIn(named, "ALTER TABLE s.a DROP CONSTRAINT k"), [drop]);
  assert.deepEqual(await foundIn(named, "ALTER TABLE s.a DROP CONSTRAINT u"), []);
});

test("an identity that is added later wants a bigint too", async () => {
  const add = "ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (CACHE 1);";
  assert.deepEqual(await foundIn(`CREATE TABLE a (id int PRIMARY KEY); ALTER TABLE a ${add}`), [
    "identity-type: datatype integer not supported, identity column type must be bigint",
  ]);
  assert.deepEqual(await foundIn(`CREATE TABLE a (id bigint PRIMARY KEY); ALTER TABLE a ${add}`), []);
});

test("an index wants functions that are immutable", async () => {
  const message = "index-not-immutable: functions in index expression must be marked IMMUTABLE";
  for (const key of ["concat(a, b)", "(a || current_date)", "to_char(at, 'YYYY')"])
    assert.deepEqual(await foundIn(`CREATE INDEX ASYNC i ON t (${key})`), [message], key);
  assert.deepEqual(await foundIn("CREATE INDEX ASYNC i ON t (a) WHERE at > now()"), [message]);
  assert.deepEqual(await foundIn("CREATE INDEX ASYNC i ON t (lower(a), date_trunc('day', at)) WHERE b"), []);
});
