/** Create, read, update and delete an owner. */
import { createDataSource, migrate } from "./data-source.ts";
import { Owner } from "./owner-entity.ts";

await migrate();

const dataSource = await createDataSource().initialize();
try {
  const owners = dataSource.getRepository(Owner);
  await owners.save({ name: "John Doe", city: "Anytown", telephone: "555-555-1999" });

  for (const owner of await owners.findBy({ name: "John Doe" })) {
    console.log(`inserted ${owner.name}, ${owner.city}`);
  }

  const moved = await owners.update({ name: "John Doe" }, { city: "Springfield" });
  console.log(`updated ${moved.affected}`);

  const gone = await owners.delete({ name: "John Doe" });
  console.log(`deleted ${gone.affected}`);
} finally {
  await dataSource.destroy();
}
