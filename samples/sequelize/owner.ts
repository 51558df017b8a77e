/** Create, read, update and delete an owner. */
import { openSequelize } from "./connect.ts";
import { migrate } from "./migrate.ts";
import { defineOwner } from "./owner-model.ts";

await migrate();

const sequelize = openSequelize();
try {
  const Owner = defineOwner(sequelize);
  await Owner.create({ name: "John Doe", city: "Anytown", telephone: "555-555-1999" });

  for (const owner of await Owner.findAll({ where: { name: "John Doe" } })) {
    console.log(`inserted ${owner.name}, ${owner.city}`);
  }

  const [moved] = await Owner.update({ city: "Springfield" }, { where: { name: "John Doe" } });
  console.log(`updated ${moved}`);

  const gone = await Owner.destroy({ where: { name: "John Doe" } });
  console.log(`deleted ${gone}`);
} finally {
  await sequelize.close();
}
