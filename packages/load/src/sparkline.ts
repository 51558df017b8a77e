/** The recent past of a number as a row of bars, for a terminal: `▂▃▅▇█▇`. */
const bars = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

export class Sparkline {
  readonly #valuesMax: number;
  readonly #values: number[] = [];

  /** @param valuesMax - the oldest value goes when there are more */
  constructor(valuesMax: number) {
    this.#valuesMax = valuesMax;
  }

  add(value: number): void {
    this.#values.push(value);
    if (this.#values.length > this.#valuesMax) this.#values.shift();
  }

  /** The greatest value has the tallest bar; zero has the lowest. */
  toString(): string {
    const greatest = Math.max(...this.#values, Number.MIN_VALUE);
    return this.#values
      .map((value) => bars[Math.min(bars.length - 1, Math.floor((value / greatest) * bars.length))])
      .join("");
  }
}
