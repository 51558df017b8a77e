/** Create, read, update and delete an owner. */
import { openDatabase } from "./connect.ts";
import { migrate } from "./migrations.ts";

await migrate();

const db = openDatabase();
try {
  const john = { name: "John Doe", city: "Anytown", telephone: "555-555-1999" };
  await db.insertInto("owner").values(john).execute();

  const owners = await db.selectFrom("owner").selectAll().where("name", "=", john.name).execute();
  for (const owner of owners) console.log(`inserted ${owner.name}, ${owner.city}`);

  const moved = await db
    .updateTable("owner")
    .set({ city: "Springfield" })
    .where("name", "=", john.name)
    .executeTakeFirst();
  console.log(`updated ${moved.numUpdatedRows}`);

  const gone = await db.deleteFrom("owner").where("name", "=", john.name).executeTakeFirst();
  console.log(`deleted ${gone.numDeletedRows}`);
} finally {
  await db.destroy();
}
