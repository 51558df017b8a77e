/** Create, read, update and delete an owner. */
import { openPrisma } from "./connect.ts";
import { migrate } from "./migrate.ts";

await migrate();

const prisma = openPrisma();
try {
  await prisma.owner.create({ data: { name: "John Doe", city: "Anytown", telephone: "555-555-1999" } });

  for (const owner of await prisma.owner.findMany({ where: { name: "John Doe" } })) {
    console.log(`inserted ${owner.name}, ${owner.city}`);
  }

  const moved = await prisma.owner.updateMany({ where: { name: "John Doe" }, data: { city: "Springfield" } });
  console.log(`updated ${moved.count}`);

  const gone = await prisma.owner.deleteMany({ where: { name: "John Doe" } });
  console.log(`deleted ${gone.count}`);
} finally {
  await prisma.$disconnect();
}
