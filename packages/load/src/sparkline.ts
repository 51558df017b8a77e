/** The recent past of a number as a row of bars, for a terminal: `▂▃▅▇█▇`. */
const bars = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

/** @param fraction - from 0, the lowest bar, to 1, the tallest */
export function bar(fraction: number): string {
  const height = Math.floor(fraction * bars.length);
  return bars[Math.max(0, Math.min(bars.length - 1, height))] ?? "";
}

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

  /**
   * The greatest value shown has the tallest bar; zero has the lowest.
   * @param barsMax - the latest values are shown where there are more
   */
  draw(barsMax = this.#valuesMax): string {
    const shown = barsMax === 0 ? [] : this.#values.slice(-barsMax);
    const greatest = Math.max(...shown, Number.MIN_VALUE);
    return shown.map((value) => bar(value / greatest)).join("");
  }
}
