/** Says what happens while it happens: each step with its outcome and its time. */
import { Failure } from "../failure.ts";
import type { Painter } from "../terminal.ts";

export interface Screen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export class Steps {
  readonly #screen: Screen;
  readonly #paint: Painter;

  constructor(screen: Screen, paint: Painter) {
    this.#screen = screen;
    this.#paint = paint;
  }

  /**
   * Runs one step. On a terminal its name stands there while it runs.
   *
   * @param run - returns what the step came to, in a few words
   * @throws {Failure} the step's error, with the step's name before it
   */
  async quiet(name: string, run: () => Promise<string>): Promise<void> {
    const startedAtMs = performance.now();
    if (this.#screen.isTTY === true) this.#screen.write(`  ${this.#paint.dim("…")} ${name}`);
    try {
      const outcome = await run();
      this.#endLine(this.#paint.green("✓"), name, `${outcome}  ${this.#paint.dim(seconds(startedAtMs))}`);
    } catch (error) {
      this.#endLine(this.#paint.red("✗"), name, this.#paint.dim(seconds(startedAtMs)));
      throw named(name, error);
    }
  }

  /** Runs a step that prints for itself; its name stands above what it prints. */
  async speaking<Value>(name: string, run: () => Promise<Value>): Promise<Value> {
    this.#screen.write(`\n${this.#paint.bold(name)}\n\n`);
    try {
      return await run();
    } catch (error) {
      throw named(name, error);
    }
  }

  #endLine(mark: string, name: string, outcome: string): void {
    const overwrite = this.#screen.isTTY === true ? "\r\u001b[K" : "";
    this.#screen.write(`${overwrite}  ${mark} ${name.padEnd(nameWidth)} ${outcome}\n`);
  }
}

const nameWidth = 34;

function seconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;
}

function named(step: string, error: unknown): Failure {
  const { message, remedy, problem } = error as { message?: string; remedy?: string; problem?: string };
  return new Failure(`${step} failed: ${problem ?? message ?? String(error)}`, { remedy, cause: error });
}
