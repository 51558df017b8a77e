/** The tables, as Drizzle and drizzle-kit read them. */
import { index, pgTableCreator, uuid, varchar } from "drizzle-orm/pg-core";

/** The prefix keeps what these migrations make apart from the tables of the other samples. */
const table = pgTableCreator((name) => `drizzle_${name}`);

export const owner = table(
  "owner",
  {
    // Random keys spread over the storage; there is no SERIAL.
    id: uuid().primaryKey().defaultRandom(),
    name: varchar({ length: 30 }).notNull(),
    city: varchar({ length: 80 }).notNull(),
    telephone: varchar({ length: 20 }),
  },
  ({ name }) => [index("drizzle_owner_name").on(name)],
);
