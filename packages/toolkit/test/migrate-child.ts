/** Migrates, and ends itself with SIGKILL at a step: `before` it, while it is `sent`, or once it is `answered`. */
import process from "node:process";
import { Client } from "pg";
import { createPool, migrateUp, type Step } from "../src/index.ts";

const [folder = "", moment = "", atStep = ""] = process.argv.slice(2);

let deadly: ((text: string) => boolean) | undefined;

function mainStatement(step: Step): (text: string) => boolean {
  switch (step.kind) {
    case "ddl":
      return (text) => text === step.sql;
    case "data":
      return (text) => text === step.statements[0];
    case "batches":
      return (text) => text.startsWith(step.batched.head);
    case "changeType":
      return (text) => text.includes("pg_depend");
    case "compare":
      return (text) => text.startsWith(step.comparison.same.head);
  }
}

const die = (): void => {
  process.kill(process.pid, "SIGKILL");
};

type Query = (...parameters: unknown[]) => unknown;
const prototype = Client.prototype as unknown as { query: Query };
const { query } = prototype;
prototype.query = function (this: Client, ...parameters: unknown[]): unknown {
  const [first] = parameters;
  const text = typeof first === "string" ? first : (first as { text?: string }).text;
  const isDeadly = deadly?.(text ?? "") === true;
  const result = query.apply(this, parameters);
  if (!isDeadly) return result;
  if (moment === "answered") void this.query("SELECT 1").then(die, die);
  // The socket has taken the statement by the next turn of the event loop.
  else setImmediate(die);
  return result;
};

const pool = createPool();
await migrateUp(pool, {
  folder,
  waitMs: 20_000,
  onEvent: (event) => {
    if (event.type !== "step" || event.number < Number(atStep)) return;
    // Further on than it should come: the step had been done by the run before.
    if (event.number > Number(atStep) || moment === "before") die();
    deadly = mainStatement(event.step);
  },
});
await pool.end();
