/**
 * Statement texts that a backend keeps parsed.
 *
 * A text is given to PostgreSQL unnamed the first time and kept under a name from its second use on: texts with their
 * values written into them come once and would only fill PostgreSQL's memory.
 *
 * What is kept serves every session of the role, so only texts that `catalog/sharing.ts` has proven to mean the same for all of
 * them are shared. Any other is parsed anew each time, or, where its client has prepared it by name, kept for that client.
 */

/** A text with the parameter types that were declared for it. */
export interface PreparedText {
  /** Names it on backends; 0: it is parsed anew each time. */
  id: number;
  readonly text: string;
  readonly parameterTypes: readonly number[];
  uses: number;
  /** Those in force wherever it is shared, as far as its meaning may depend on them. */
  readonly settings?: string;
  /** Of a text kept for one client: the other texts in which it is sent. */
  readonly forms?: Map<string, PreparedText>;
}

/** Parsed anew each time. */
export function unkept(text: string, parameterTypes: readonly number[] = []): PreparedText {
  return { id: 0, text, parameterTypes, uses: 0 };
}

/** A text is kept from this use on. */
const keptFrom = 2;
/** Statements kept on one backend. At the bound the least recently used one is closed. */
const preparedPerBackendMax = 256;
/** Texts remembered in all. At the bound the least recently used one is forgotten. */
const textsMax = 2_048;
/** A longer text is parsed each time: looking it up would cost more than it saves. */
const textCharactersMax = 8_192;
/** The same for one with more declared parameters: a message has room for 65,535. */
const parameterTypesMax = 1_000;

/** Remembers which texts have come before, across all backends. */
export class TextCatalogue {
  readonly #texts = new Map<string, PreparedText>();
  #nextId = 1;

  /**
   * @param settings - those that the text's meaning may depend on, as one text
   * @returns the one object for this text, these types and these settings, with one use more
   */
  use(text: string, parameterTypes: readonly number[], settings = ""): PreparedText {
    if (text.length > textCharactersMax || parameterTypes.length > parameterTypesMax)
      return unkept(text, parameterTypes);
    const key =
      parameterTypes.length === 0 && settings === ""
        ? text
        : `${parameterTypes.join(",")}\0${settings}\0${text}`;
    const known = this.#texts.get(key);
    const prepared = known ?? { ...this.#make(text, parameterTypes), settings };
    // Deleted and set again, so that the map's order is the order of use.
    if (known !== undefined) this.#texts.delete(key);
    this.#texts.set(key, prepared);
    if (this.#texts.size > textsMax) this.#texts.delete(this.#texts.keys().next().value ?? key);
    prepared.uses += 1;
    return prepared;
  }

  /** A text that one client has prepared: kept for it alone, from its first use on. */
  own(text: string, parameterTypes: readonly number[]): PreparedText {
    return { ...this.#make(text, parameterTypes), uses: keptFrom, forms: new Map() };
  }

  /** Another text in which the statement is sent; kept as its own is. */
  formOf(prepared: PreparedText, text: string): PreparedText {
    const { id, parameterTypes, forms, settings } = prepared;
    if (id === 0) return unkept(text, parameterTypes);
    if (forms === undefined) return this.use(text, parameterTypes, settings);
    const form = forms.get(text) ?? { ...this.#make(text, parameterTypes), uses: keptFrom };
    forms.set(text, form);
    return form;
  }

  /** Has the text parsed anew, whatever backends keep of it. @returns what stands for it now */
  renew(prepared: PreparedText): PreparedText {
    if (prepared.forms === undefined) {
      this.clear();
      return unkept(prepared.text, prepared.parameterTypes);
    }
    for (const form of [prepared, ...prepared.forms.values()]) form.id = this.#nextId++;
    return prepared;
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
  return prepared.uses < keptFrom ? "" : `d${prepared.id}`;
}
