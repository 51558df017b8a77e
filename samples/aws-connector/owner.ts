/** Create, read, update and delete an owner. */
import { openPool } from "./connect.ts";

const pool = openPool();
try {
  await pool.query(`CREATE TABLE IF NOT EXISTS owner (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    name VARCHAR(30) NOT NULL,
    city VARCHAR(80) NOT NULL,
    telephone VARCHAR(20) DEFAULT NULL,
    PRIMARY KEY (id)
  )`);

  const john = ["John Doe", "Anytown", "555-555-1999"];
  await pool.query("INSERT INTO owner (name, city, telephone) VALUES ($1, $2, $3)", john);

  const { rows } = await pool.query<{ name: string; city: string }>("SELECT * FROM owner WHERE name = $1", [
    "John Doe",
  ]);
  for (const owner of rows) console.log(`inserted ${owner.name}, ${owner.city}`);

  const moved = await pool.query("UPDATE owner SET city = $2 WHERE name = $1", ["John Doe", "Springfield"]);
  console.log(`updated ${moved.rowCount}`);

  const gone = await pool.query("DELETE FROM owner WHERE name = $1", ["John Doe"]);
  console.log(`deleted ${gone.rowCount}`);
} finally {
  await pool.end();
}
