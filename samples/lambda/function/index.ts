/** Create, read, update and delete an owner, from Lambda. */
import { createPool, transaction } from "dsql-toolkit";
import type { Context } from "aws-lambda";

// Made once for each execution environment, which serves one invocation at a time: one connection is enough.
const pool = createPool({ searchPath: "myschema" });

export interface Answer {
  readonly inserted: readonly { name: string; city: string }[];
  readonly updated: number;
  readonly deleted: number;
}

/** Runs again from BEGIN when it loses to another, as long as the invocation has time left. */
export function handler(_event: unknown, lambdaContext: Context): Promise<Answer> {
  return transaction(
    pool,
    async (tx) => {
      const john = ["John Doe", "Anytown", "555-555-1999"];
      await tx.query("INSERT INTO owner (name, city, telephone) VALUES ($1, $2, $3)", john);
      const { rows } = await tx.query<{ name: string; city: string }>(
        "SELECT name, city FROM owner WHERE name = 'John Doe'",
      );
      const moved = await tx.query("UPDATE owner SET city = 'Springfield' WHERE name = 'John Doe'");
      const gone = await tx.query("DELETE FROM owner WHERE name = 'John Doe'");
      return { inserted: rows, updated: moved.rowCount ?? 0, deleted: gone.rowCount ?? 0 };
    },
    { lambdaContext },
  );
}
