import { testSample } from "./owner-program.ts";

for (const name of ["drizzle", "kysely", "prisma", "typeorm", "sequelize", "knex"]) testSample(name);
