/** For `npx drizzle-kit generate`, which reads the schema and writes migrations; it connects to nothing. */
import { defineConfig } from "drizzle-kit";

export default defineConfig({
  dialect: "postgresql",
  schema: "./schema.ts",
  out: "./migrations",
  tablesFilter: ["drizzle_*"],
});
