import assert from "node:assert/strict";
import { before, test } from "node:test";
import { lintTexts } from "../lint.ts";
import { loadReader, type ReadSources, UnreadableFileError } from "./file.ts";
import type { SqlSource } from "./source.ts";

let read: ReadSources;
before(async () => {
  read = await loadReader(new Set(["program"]));
});

const sourcesIn = (text: string, path = "a.ts"): readonly SqlSource[] =>
  read({ path, text, hasDrizzleJournal: false });
const textsIn = (text: string, path?: string): string[] => sourcesIn(text, path).map((source) => source.text);

test("tagged templates, query calls and marked literals are SQL", () => {
  const program = `
    await sql\`SELECT 1\`;
    await Prisma.sql\`SELECT 2\`;
    await prisma.$queryRaw<Row[]>\`SELECT 3\`;
    await client.query("SELECT 4");
    await client.query({ text: 'SELECT 5', values: [] });
    await sql.unsafe(\`SELECT 6\`);
    await prisma?.$executeRawUnsafe("SELECT 7" as string);
    const marked = /* sql */ \`SELECT 8\`;`;
  assert.deepEqual(
    textsIn(program),
    [1, 2, 3, 4, 5, 6, 7, 8].map((number) => `SELECT ${number}`),
  );
});

test("a constant stands for its text, once", () => {
  const program = `
    const insert = "INSERT INTO t VALUES (1)";
    await client.query(insert); await client.query(insert);`;
  assert.deepEqual(textsIn(program), ["INSERT INTO t VALUES (1)"]);
});

test("concatenations are read, what is not known is a hole", () => {
  const [source] = sourcesIn('await client.query("SELECT a " + "FROM t WHERE b = " + value + " LIMIT 1")');
  assert.match(source?.text ?? "", /^SELECT a FROM t WHERE b = +LIMIT 1$/);
  assert.equal(source?.holes.length, 1);
});

test("other strings, fragments and other people's calls are left alone", () => {
  const program = `
    log("SELECT 1 FROM t");
    await client.query("hello");
    const lower = sql\`lower(\${name})\`;
    const and = sql\`AND a = 1\`;
    const set = sql\`SET a = 1\`;
    import.meta.url;`;
  assert.deepEqual(textsIn(program), []);
});

test("a text that only looks like SQL is no syntax error", async () => {
  const text =
    'shell.exec("drop -f"); db.execute("Delete your account?"); await client.query("SELECT FROM FROM t");';
  const { findings, files } = await lintTexts([{ file: "a.ts", text }]);
  assert.deepEqual(
    findings.map(({ ruleId, column }) => [ruleId, column]),
    [["syntax-error", text.indexOf("FROM t") + 1]],
  );
  assert.equal(files[0]?.statements, 1);
});

test("escapes stand for their character, and offsets are the file's", () => {
  const program = 'query("SELECT \\"a\\", \'\\u00e9\\x41\\n\' FROM \\\nt")';
  const [source] = sourcesIn(program);
  assert.equal(source?.text, "SELECT \"a\", 'éA\n' FROM t");
  assert.equal(source?.fileOffset(source.text.indexOf("FROM")), program.indexOf("FROM"));
  assert.equal(source?.fileOffset(source.text.length), program.length - 2);
});

test("decorators, JSX and types are no hindrance", () => {
  assert.equal(
    textsIn(
      "@Entity() class A { constructor(@Inject() private readonly b: B) { this.b.query('SELECT 1'); } }",
    ).length,
    1,
  );
  assert.equal(textsIn("const a = <b c={sql`SELECT 1`}>{d}</b>;", "a.tsx").length, 1);
  assert.equal(textsIn("const a = <T,>(b: T): b is T => sql<T>`SELECT 1`;").length, 1);
  assert.equal(textsIn("module.exports = { up: (pool) => pool.query('SELECT 1') };", "a.cjs").length, 1);
});

test("what is no program says so", () => {
  assert.throws(() => sourcesIn("class {{{"), UnreadableFileError);
});

test("holes hold values, names, lists, assignments or nothing", async () => {
  const taken = [
    "sql`SELECT ${a} FROM ${b} WHERE ${c} ORDER BY ${d} LIMIT ${e}`",
    "sql`INSERT INTO ${t} (a) VALUES ${rows} ${onConflict}`",
    "sql`INSERT INTO t ${sql(row)} RETURNING id`",
    "sql`UPDATE t SET ${sql(row)} WHERE id IN ${sql(ids)}`",
    "client.query('SELECT a FROM t WHERE b = ? AND c = :c')",
  ];
  for (const text of taken) {
    const { findings, files } = await lintTexts([{ file: "a.ts", text }], { rules: ["error"] });
    assert.deepEqual([findings, files[0]?.statements], [[], 1], text);
  }
});

test("a finding behind a hole stands where it is written", async () => {
  const text = "await sql`\n  SELECT ${column}\n  FROM ${table} FOR SHARE`;";
  const { findings } = await lintTexts([{ file: "a.ts", text }], { rules: ["locking-clause"] });
  assert.deepEqual(
    findings.map(({ line }) => line),
    [3],
  );
});
