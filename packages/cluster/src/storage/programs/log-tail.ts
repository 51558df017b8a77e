/** The last lines that a program wrote, kept to explain how it ended. */

/** The oldest line is dropped beyond this many. */
const linesMax = 100;
/** A longer line is cut. */
const lineCharactersMax = 1_000;

export class LogTail {
  readonly #lines: string[] = [];
  #unfinished = "";

  /** @returns the lines that this text completed */
  write(text: string): readonly string[] {
    const parts = (this.#unfinished + text).split(/\r?\n/);
    this.#unfinished = (parts.pop() ?? "").slice(0, lineCharactersMax);
    const complete = parts
      .filter((line) => line.trim() !== "")
      .map((line) => line.slice(0, lineCharactersMax));
    this.#lines.push(...complete);
    this.#lines.splice(0, this.#lines.length - linesMax);
    return complete;
  }

  lines(): readonly string[] {
    return this.#unfinished === "" ? [...this.#lines] : [...this.#lines, this.#unfinished];
  }
}
