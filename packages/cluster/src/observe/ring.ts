/** The last so many of something; at the bound the oldest is forgotten. */
export class Ring<Item> {
  readonly #max: number;
  readonly #items: Item[] = [];
  #first = 0;

  constructor(max: number) {
    this.#max = max;
  }

  push(item: Item): void {
    if (this.#items.length < this.#max) {
      this.#items.push(item);
      return;
    }
    this.#items[this.#first] = item;
    this.#first = (this.#first + 1) % this.#max;
  }

  /** Oldest first. */
  get all(): readonly Item[] {
    return [...this.#items.slice(this.#first), ...this.#items.slice(0, this.#first)];
  }
}
