/** Create, read, update and delete an owner. */
import { eq } from "drizzle-orm";
import { openDatabase } from "./connect.ts";
import { migrate } from "./migrate.ts";
import { owner } from "./schema.ts";

await migrate();

const db = openDatabase();
try {
  await db.insert(owner).values({ name: "John Doe", city: "Anytown", telephone: "555-555-1999" });

  const owners = await db.select().from(owner).where(eq(owner.name, "John Doe"));
  for (const { name, city } of owners) console.log(`inserted ${name}, ${city}`);

  const moved = await db.update(owner).set({ city: "Springfield" }).where(eq(owner.name, "John Doe"));
  console.log(`updated ${moved.rowCount}`);

  const gone = await db.delete(owner).where(eq(owner.name, "John Doe"));
  console.log(`deleted ${gone.rowCount}`);
} finally {
  await db.$client.end();
}
