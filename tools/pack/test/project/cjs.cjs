// The same by require().
const assert = require("node:assert/strict");
const { startCluster } = require("dsql-local");
const toolkit = require("dsql-toolkit");
const { createPool } = require("dsql-toolkit/pg");

assert.equal(createPool, toolkit.createPool, "every door leads to the same code");

(async () => {
  const cluster = await startCluster({ cloud: true });
  const pool = createPool(cluster.poolOptions());
  const { rows } = await pool.query("SELECT 1 AS one");
  assert.deepEqual(rows, [{ one: 1 }]);
  const { AWS_ENDPOINT_URL } = await cluster.environment();
  assert.equal((await fetch(AWS_ENDPOINT_URL)).status >= 200, true);
  await pool.end();
  await cluster.stop();
  console.log("cjs works");
})();
