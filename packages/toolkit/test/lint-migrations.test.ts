/** Migrations as drizzle-kit, Prisma and TypeORM write them, and a schema of pg_dump: what is found, and what running the fixed ones on a cluster says. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { fixFiles, type LintReport, lint, lintTexts, splitStatements } from "../src/index.ts";
import { type Fixture, startFixture } from "./fixture.ts";

const folder = fileURLToPath(new URL("../../test/lint-migrations", import.meta.url));

const typeOrmMigration = `import { MigrationInterface, QueryRunner } from "typeorm";

export class Init1762161300000 implements MigrationInterface {
    name = 'Init1762161300000'

    public async up(queryRunner: QueryRunner): Promise<void> {
        await queryRunner.query(\`CREATE TABLE "photo" ("id" SERIAL NOT NULL, "name" character varying(500) NOT NULL, CONSTRAINT "PK_723" PRIMARY KEY ("id"))\`);
        await queryRunner.query(\`CREATE INDEX "IDX_1a" ON "photo" ("name") \`);
    }

    public async down(queryRunner: QueryRunner): Promise<void> {
        await queryRunner.query(\`DROP INDEX "public"."IDX_1a"\`);
        await queryRunner.query(\`DROP TABLE "photo"\`);
    }
}
`;

const foundIn = ({ findings }: LintReport): string[] =>
  findings.map(({ line, ruleId }) => `${line} ${ruleId}`);

test("drizzle-kit's: each statement at its line, and that its migrator cannot run them", async () => {
  assert.deepEqual(foundIn(await lint([`${folder}/drizzle`], { rules: ["error"] })), [
    "1 create-enum",
    "1 migration-tool-transaction",
    "3 serial",
    "6 array-column",
    "16 add-foreign-key",
    "17 index-without-async",
    "17 index-using",
  ]);
});

test("Prisma's: a file is one message, and so one transaction", async () => {
  assert.deepEqual(foundIn(await lint([`${folder}/prisma`], { rules: ["error"] })), [
    "3 serial",
    "5 array-column",
    "11 one-ddl-per-transaction",
    "19 index-without-async",
    "22 add-foreign-key",
  ]);
});

test("TypeORM's: a migration is one transaction with its ledger's row, unless it says otherwise", async () => {
  const rules = ["error"];
  const found = foundIn(
    await lintTexts([{ file: "1762161300000-Init.ts", text: typeOrmMigration }], { rules }),
  );
  assert.deepEqual(found, [
    "7 migration-tool-transaction",
    "7 serial",
    "8 index-without-async",
    "12 migration-tool-transaction",
  ]);
  const text = typeOrmMigration.replace("name =", "transaction = false\n    name =");
  const alone = foundIn(await lintTexts([{ file: "1762161300000-Init.ts", text }], { rules }));
  assert.deepEqual(alone, ["8 serial", "9 index-without-async"]);
});

test("pg_dump's: all that keeps an ordinary schema from running can be mended", async () => {
  const { findings } = await lint([`${folder}/pg-dump`], { rules: ["error"] });
  assert.ok(findings.length > 15 && findings.every(({ isFixable }) => isFixable));
  const [fixed] = await fixFiles([`${folder}/pg-dump`], { isDryRun: true });
  const after = await lintTexts([{ file: "schema.sql", text: fixed?.text ?? "" }], { rules: ["error"] });
  assert.deepEqual(foundIn(after), []);
});

test("run statement by statement, a file is not one transaction", async () => {
  const options = { rules: ["transactions"], transactions: "statement" } as const;
  assert.deepEqual(foundIn(await lint([folder], options)), []);
});

let fixture: Fixture;
before(async () => {
  fixture = await startFixture();
});
after(() => fixture.stop());

for (const tool of ["drizzle", "prisma", "pg-dump"]) {
  test(`what is left of ${tool}'s after the fixes runs on a cluster`, async () => {
    const pool = fixture.pool();
    const schema = `shop_${tool.replace("-", "_")}`;
    const [fixed] = await fixFiles([`${folder}/${tool}`], { isDryRun: true });
    assert.ok(fixed !== undefined);
    assert.notEqual(fixed.text, readFileSync(fixed.file, "utf8"));
    await pool.query(`CREATE SCHEMA ${schema}`);
    const client = await pool.connect();
    try {
      await client.query(`SET search_path TO ${schema}`);
      // psql's own commands are for psql.
      for (const { text } of splitStatements(fixed.text.replaceAll(/^\\.*$/gm, ""))) {
        // There is no one right answer for an enum.
        if (text.startsWith("CREATE TYPE")) continue;
        const { rows } = await client.query<{ job_id?: string }>(
          text.replace(/"public"\.|\bpublic\./g, `${schema}.`),
        );
        const jobId = rows[0]?.job_id;
        if (jobId !== undefined) await client.query(`CALL sys.wait_for_job('${jobId}')`);
      }
      const { rows } = await client.query(
        "SELECT indisvalid FROM pg_index WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = $1::regnamespace)",
        [schema],
      );
      assert.ok(rows.length >= 3 && rows.every((row) => (row as { indisvalid: boolean }).indisvalid));
    } finally {
      client.release();
    }
  });
}
