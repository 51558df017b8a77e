/** Create, read, update and delete an owner. */
import { openSql } from "./connect.ts";

const sql = openSql();
try {
  await sql`CREATE TABLE IF NOT EXISTS owner (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    name VARCHAR(30) NOT NULL,
    city VARCHAR(80) NOT NULL,
    telephone VARCHAR(20) DEFAULT NULL,
    PRIMARY KEY (id)
  )`;

  const john = { name: "John Doe", city: "Anytown", telephone: "555-555-1999" };
  await sql`INSERT INTO owner ${sql(john)}`;

  const owners = await sql<{ name: string; city: string }[]>`SELECT * FROM owner WHERE name = ${john.name}`;
  for (const owner of owners) console.log(`inserted ${owner.name}, ${owner.city}`);

  const moved = await sql`UPDATE owner SET city = 'Springfield' WHERE name = ${john.name}`;
  console.log(`updated ${moved.count}`);

  const gone = await sql`DELETE FROM owner WHERE name = ${john.name}`;
  console.log(`deleted ${gone.count}`);
} finally {
  await sql.end();
}
