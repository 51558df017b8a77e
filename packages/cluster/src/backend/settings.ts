/**
 * The session settings that follow a session from backend to backend. Immutable: a change makes a new value, so that a
 * rolled-back SET is undone by going back to the old one.
 */
export class Settings {
  static readonly none = new Settings(new Map());
  readonly #values: ReadonlyMap<string, string>;
  #meaning: string | undefined;
  #searchPath: { role: string; path: readonly string[] } | undefined;

  private constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  get size(): number {
    return this.#values.size;
  }

  /** @param value - as it stands after `SET name TO`; undefined goes back to the default */
  with(name: string, value: string | undefined): Settings {
    const values = new Map(this.#values);
    if (value === undefined) values.delete(name);
    else values.set(name, value);
    return values.size === 0 ? Settings.none : new Settings(values);
  }

  /** What stands after `SET name TO`; undefined for the default. */
  get(name: string): string | undefined {
    return this.#values.get(name);
  }

  get entries(): Iterable<readonly [string, string]> {
    return this.#values.entries();
  }

  /**
   * The statements that take a backend from these settings to others; empty when there is nothing to do.
   *
   * @param scope - `LOCAL`: for the open transaction
   */
  changesTo(target: Settings, scope: "SESSION" | "LOCAL" = "SESSION"): string {
    if (this === target) return "";
    const set = scope === "LOCAL" ? "SET LOCAL" : "SET";
    const statements: string[] = [];
    for (const name of this.#values.keys())
      if (!target.#values.has(name))
        statements.push(scope === "LOCAL" ? `SET LOCAL ${name} TO DEFAULT` : `RESET ${name}`);
    for (const [name, value] of target.#values) {
      if (this.#values.get(name) !== value) statements.push(`${set} ${name} TO ${value}`);
    }
    return statements.join("; ");
  }

  /**
   * Those that what PostgreSQL makes of a text, and its plan, may depend on; empty for a session that has set none. With another
   * search path PostgreSQL itself reads a kept text anew.
   */
  get meaning(): string {
    this.#meaning ??= [...this.#values]
      .filter(([name]) => !withoutMeaning.has(name) && !name.startsWith("dsql."))
      .map(([name, value]) => `${name}=${value}`)
      .sort()
      .join("\0");
    return this.#meaning;
  }

  /** Schemas in the order in which unqualified names are looked up. */
  searchPath(role: string): readonly string[] {
    if (this.#searchPath?.role === role) return this.#searchPath.path;
    const path = parseSearchPath(this.#values.get("search_path"), role);
    this.#searchPath = { role, path };
    return path;
  }
}

const withoutMeaning: ReadonlySet<string> = new Set(["application_name", "client_encoding", "search_path"]);

function parseSearchPath(value: string | undefined, role: string): readonly string[] {
  // SET search_path TO 'a, b' names one schema with an odd name; SET search_path TO a, b names two.
  const items =
    value === undefined
      ? ['"$user"', "public"]
      : (value.match(/"(?:[^"]|"")*"|'(?:[^']|'')*'|[^,\s]+/g) ?? []);
  const names = items.map((item) =>
    /^["']/.test(item) ? item.slice(1, -1).replaceAll(/""|''/g, (two) => two.charAt(0)) : item.toLowerCase(),
  );
  return ["pg_catalog", ...names.map((name) => (name === "$user" ? role : name))];
}
