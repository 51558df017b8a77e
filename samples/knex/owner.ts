/** Create, read, update and delete an owner. */
import { openKnex } from "./connect.ts";
import { migrate } from "./migrations.ts";

await migrate();

const knex = openKnex();
try {
  await knex("owner").insert({ name: "John Doe", city: "Anytown", telephone: "555-555-1999" });

  const owners = await knex<{ name: string; city: string }>("owner").where({ name: "John Doe" });
  for (const owner of owners) console.log(`inserted ${owner.name}, ${owner.city}`);

  const moved = await knex("owner").where({ name: "John Doe" }).update({ city: "Springfield" });
  console.log(`updated ${moved}`);

  const gone = await knex("owner").where({ name: "John Doe" }).delete();
  console.log(`deleted ${gone}`);
} finally {
  await knex.destroy();
}
