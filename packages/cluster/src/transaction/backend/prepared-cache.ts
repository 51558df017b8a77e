/**
 * Statement texts that a backend keeps parsed.
 *
 * A text is given to PostgreSQL unnamed the first time and kept under a name from its second use on: texts with their
 * values written into them come once and would only fill PostgreSQL's memory.
 */

/** A text with the parameter types that were declared for it; made by `TextCatalogue`, one object for each. */
export interface PreparedText {
  readonly id: number;
  readonly text: string;
  readonly parameterTypes: readonly number[];
  uses: number;
}

/** Statements kept on one backend. At the bound the least recently used one is closed. */
const preparedPerBackendMax = 256;
/** Texts remembered in all. At the bound the least recently used one is forgotten. */
const textsMax = 2_048;
/** A longer text is parsed each time: looking it up would cost more than it saves. */
const textCharactersMax = 8_192;

/** Remembers which texts have come before, across all backends. */
export class TextCatalogue {
  readonly #texts = new Map<string, PreparedText>();
  #nextId = 1;

  /** @returns the one object for this text and these types, with one use more */
  use(text: string, parameterTypes: readonly number[]): PreparedText {
    if (text.length > textCharactersMax) return this.#make(text, parameterTypes);
    const key = parameterTypes.length === 0 ? text : `${parameterTypes.join(",")}\0${text}`;
    const known = this.#texts.get(key);
    const prepared = known ?? this.#make(text, parameterTypes);
    // Deleted and set again, so that the map's order is the order of use.
    if (known !== undefined) this.#texts.delete(key);
    this.#texts.set(key, prepared);
    if (this.#texts.size > textsMax) this.#texts.delete(this.#texts.keys().next().value ?? key);
    prepared.uses += 1;
    return prepared;
  }

  /** Has the text parsed anew, whatever backends keep of it. @returns the new object for it */
  renew({ text, parameterTypes }: PreparedText): PreparedText {
    this.clear();
    return this.use(text, parameterTypes);
  }

  /** Forgets all: what PostgreSQL would answer to them has changed with the catalog. */
  clear(): void {
    this.#texts.clear();
  }

  #make(text: string, parameterTypes: readonly number[]): PreparedText {
    return { id: this.#nextId++, text, parameterTypes, uses: 0 };
  }
}

export class PreparedCache {
  readonly #ids = new Set<number>();

  has(prepared: PreparedText): boolean {
    return this.#ids.has(prepared.id);
  }

  delete(prepared: PreparedText): void {
    this.#ids.delete(prepared.id);
  }

  /** @returns the id of a statement to close, when the bound is reached */
  add(prepared: PreparedText): number | undefined {
    this.#ids.add(prepared.id);
    if (this.#ids.size <= preparedPerBackendMax) return undefined;
    const oldest = this.#ids.values().next().value;
    if (oldest !== undefined) this.#ids.delete(oldest);
    return oldest;
  }
}

/** The name under which a backend keeps the text; empty for a text seen for the first time. */
export function backendStatementName(prepared: PreparedText): string {
  return prepared.uses < 2 ? "" : `d${prepared.id}`;
}
