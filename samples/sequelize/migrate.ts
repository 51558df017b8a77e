/**
 * The schema, a DDL statement at a time: `createTable()` is one CREATE TABLE IF NOT EXISTS, and indexes need ASYNC.
 *
 * Not by `sync()`, which reads the table's indexes back: on DSQL a primary key includes all other columns, and Sequelize
 * takes them for columns of the key and trips over them.
 */
import { QueryTypes } from "sequelize";
import { openSequelize } from "./connect.ts";
import { defineOwner } from "./owner-model.ts";

/** Over connections of its own: one that knew the tables before a change hears of it once, by an OC001 error. */
export async function migrate(): Promise<void> {
  const sequelize = openSequelize();
  try {
    const Owner = defineOwner(sequelize);
    await sequelize.getQueryInterface().createTable(Owner.getTableName(), Owner.getAttributes());
    const [job] = await sequelize.query<{ job_id: string | null }>(
      "CREATE INDEX ASYNC IF NOT EXISTS owner_name ON owner (name)",
      { type: QueryTypes.SELECT },
    );
    if (job?.job_id) await sequelize.query("CALL sys.wait_for_job($1)", { bind: [job.job_id] });
  } finally {
    await sequelize.close();
  }
}
