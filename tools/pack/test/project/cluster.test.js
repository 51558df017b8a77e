// Jest, which has an own require() and no import().
const { startCluster } = require("dsql-local");
const { createPool } = require("dsql-toolkit/pg");

let cluster;
let pool;
beforeAll(async () => {
  cluster = await startCluster();
  pool = createPool(cluster.poolOptions());
}, 60_000);
afterAll(async () => {
  await pool?.end();
  await cluster?.stop();
});

test("a query answers", async () => {
  expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
});
