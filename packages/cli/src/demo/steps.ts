/** Says what happens while it happens: each step with its outcome and its time. */
import { Failure } from "../failure.ts";
import type { Painter } from "../terminal.ts";

export interface Screen {
  readonly isTTY?: boolean;
  /** Width of the terminal, in characters. */
  readonly columns?: number;
  write(text: string): unknown;
}

/** What a step says of its parts, in a few words, while it goes on. */
export type Tell = (detail: string) => void;

export class Steps {
  readonly #screen: Screen;
  readonly #paint: Painter;

  constructor(screen: Screen, paint: Painter) {
    this.#screen = screen;
    this.#paint = paint;
  }

  /**
   * Runs one step. On a terminal its name stands there while it runs, with a spinner, its time and what it tells; in a pipe
   * what it tells has lines of its own.
   *
   * @param run - returns what the step came to, in a few words
   * @throws {Failure} the step's error, with the step's name before it
   */
  async quiet(name: string, run: (tell: Tell) => Promise<string>): Promise<void> {
    const startedAtMs = performance.now();
    const shown = this.#screen.isTTY === true ? this.#spinner(name, startedAtMs) : this.#lines(name);
    try {
      const outcome = await run(shown.tell);
      shown.end();
      this.#endLine(this.#paint.green("✓"), name, `${outcome}  ${this.#paint.dim(seconds(startedAtMs))}`);
    } catch (error) {
      shown.end();
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

  #spinner(name: string, startedAtMs: number): { tell: Tell; end: () => void } {
    let detail = "";
    let frame = 0;
    const draw = (): void => {
      frame = (frame + 1) % spinnerFrames.length;
      const text = `${name.padEnd(nameWidth)} ${seconds(startedAtMs)}  ${detail}`;
      // A line that wraps could not be rewritten; the last column stays free.
      const room = Math.max(0, (this.#screen.columns ?? columnsDefault) - "  ⠋ ".length - 1);
      const line = `  ${this.#paint.cyan(spinnerFrames[frame] ?? "")} ${text.trimEnd().slice(0, room)}`;
      this.#screen.write(`\r${line}\u001b[K`);
    };
    draw();
    const timer = setInterval(draw, spinnerIntervalMs);
    return {
      tell: (told) => {
        detail = told;
        draw();
      },
      end: () => {
        clearInterval(timer);
        this.#screen.write("\r\u001b[K");
      },
    };
  }

  #lines(name: string): { tell: Tell; end: () => void } {
    let isNamed = false;
    const tell: Tell = (detail) => {
      if (!isNamed) this.#screen.write(`  … ${name}\n`);
      isNamed = true;
      this.#screen.write(`      ${detail}\n`);
    };
    return { tell, end: () => undefined };
  }

  #endLine(mark: string, name: string, outcome: string): void {
    this.#screen.write(`  ${mark} ${name.padEnd(nameWidth)} ${outcome}\n`);
  }
}

const nameWidth = 34;
const spinnerFrames = [..."⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"];
const spinnerIntervalMs = 100;
// Of a terminal that does not say how wide it is.
const columnsDefault = 80;

function seconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;
}

function named(step: string, error: unknown): Failure {
  const { message, remedy, problem } = error as { message?: string; remedy?: string; problem?: string };
  return new Failure(`${step} failed: ${problem ?? message ?? String(error)}`, { remedy, cause: error });
}
