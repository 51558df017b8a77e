/**
 * A program that holds a chapter's function the way Lambda does: several execution environments, each with a copy of the
 * module and its own pool, each serving one invocation at a time. deployed-function.ts starts it with `fork`.
 *
 *     node execution-environment.js <bundle> <environments>
 *
 * Reads `{ id, event, remainingMs? }` messages, answers `{ id, response }` or `{ id, thrown }`.
 */
import { createRequire } from "node:module";
import process from "node:process";

type Handler = (event: unknown, context: { getRemainingTimeInMillis(): number }) => Promise<unknown>;

export interface Call {
  readonly id: number;
  readonly event: unknown;
  /** What the context says each time it is asked how much time remains, the last from then on; the clock's by default. */
  readonly remainingMs?: readonly number[] | undefined;
}

export interface Outcome {
  readonly id: number;
  readonly response?: unknown;
  /** The code of the error that the function threw. */
  readonly thrown?: string;
}

const timeoutMs = 30_000;

/** A copy of the module with a state of its own. */
function load(bundle: string): Handler {
  const require = createRequire(import.meta.url);
  delete require.cache[require.resolve(bundle)];
  return (require(bundle) as { handler: Handler }).handler;
}

async function invoke(handler: Handler, { id, event, remainingMs }: Call): Promise<Outcome> {
  const endsAt = Date.now() + timeoutMs;
  const told = [...(remainingMs ?? [])];
  const next = (): number | undefined => (told.length > 1 ? told.shift() : told[0]);
  try {
    const response = await handler(event, { getRemainingTimeInMillis: () => next() ?? endsAt - Date.now() });
    return { id, response };
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    return { id, thrown: String(code ?? message) };
  }
}

function main([bundle = "", environments = "1"]: readonly string[]): void {
  const idle = Array.from({ length: Number(environments) }, () => load(bundle));
  const waiting: Call[] = [];
  const serve = async (handler: Handler): Promise<void> => {
    for (let call = waiting.shift(); call !== undefined; call = waiting.shift()) {
      process.send?.(await invoke(handler, call));
    }
    idle.push(handler);
  };
  process.on("message", (call: Call) => {
    waiting.push(call);
    const handler = idle.pop();
    if (handler !== undefined) void serve(handler);
  });
  process.on("disconnect", () => process.exit(0));
}

main(process.argv.slice(2));
