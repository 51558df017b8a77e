interface Entry<Value> {
  readonly value: Value;
  readonly characters: number;
}

/**
 * Keeps what was computed for the texts seen lately. Two generations: a look-up in the young one is one Map look-up and
 * moves nothing; when the young one is full it becomes the old one, and what is asked for again moves back.
 */
export class TextCache<Value> {
  #young = new Map<string, Entry<Value>>();
  #old = new Map<string, Entry<Value>>();
  #youngCharacters = 0;
  readonly #entriesMax: number;
  readonly #charactersMax: number;

  /** Both bounds are for the two generations together; at a bound the older half goes. */
  constructor(bounds: { readonly entriesMax: number; readonly charactersMax: number }) {
    this.#entriesMax = bounds.entriesMax;
    this.#charactersMax = bounds.charactersMax;
  }

  get(text: string): Value | undefined {
    const young = this.#young.get(text);
    if (young !== undefined) return young.value;
    const older = this.#old.get(text);
    if (older !== undefined) this.set(text, older.value, older.characters);
    return older?.value;
  }

  /** @param characters - that text and value take together */
  set(text: string, value: Value, characters = text.length): void {
    const isFull =
      this.#young.size >= this.#entriesMax / 2 ||
      this.#youngCharacters + characters > this.#charactersMax / 2;
    if (isFull) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngCharacters = 0;
    }
    this.#young.set(text, { value, characters });
    this.#youngCharacters += characters;
  }
}
