/** The tables, as Drizzle and drizzle-kit read them. */
import { index, pgTable, uuid, varchar } from "drizzle-orm/pg-core";

export const owner = pgTable(
  "owner",
  {
    // Random keys spread over the storage; there is no SERIAL.
    id: uuid().primaryKey().defaultRandom(),
    name: varchar({ length: 30 }).notNull(),
    city: varchar({ length: 80 }).notNull(),
    telephone: varchar({ length: 20 }),
  },
  (table) => [index("owner_name").on(table.name)],
);
