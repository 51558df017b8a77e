/** The schema, a DDL statement in each migration: DSQL takes one per transaction, and an interrupted run goes on after it. */
import type { MigrationInterface, QueryRunner } from "typeorm";

export class CreateOwner1768000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Another sample may have made it; your own migrations know what they find, and do without IF NOT EXISTS.
    await runner.query(`CREATE TABLE IF NOT EXISTS owner (
      id uuid NOT NULL DEFAULT gen_random_uuid(),
      name varchar(30) NOT NULL,
      city varchar(80) NOT NULL,
      telephone varchar(20),
      PRIMARY KEY (id)
    )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query("DROP TABLE owner");
  }
}

export class IndexOwnerName1768000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const [job] = (await runner.query("CREATE INDEX ASYNC IF NOT EXISTS owner_name ON owner (name)")) as {
      job_id: string | null;
    }[];
    if (job?.job_id) await runner.query("CALL sys.wait_for_job($1)", [job.job_id]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query("DROP INDEX owner_name");
  }
}
