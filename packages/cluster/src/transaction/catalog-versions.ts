/**
 * Versions of the catalog, for OC001: a catalog change beats the transactions that were open when it was committed.
 *
 * The change counts for a transaction that has touched one of the changed relations. A change without a relation to
 * name (a role, a schema, a privilege on many tables) counts for all.
 *
 * Source: Aurora DSQL User Guide, "Concurrency control in Aurora DSQL".
 */

/** A committed change: the names of the relations it concerns; undefined: any. */
interface CatalogChange {
  readonly version: number;
  /** New relations and nothing else: no session can have known them otherwise. */
  readonly isCreation: boolean;
  readonly relations: ReadonlySet<string> | undefined;
}

/** Changes remembered; a transaction older than the oldest of them conflicts with any change. */
const changesMax = 1_000;

export class CatalogVersions {
  #current = 1;
  readonly #changes: CatalogChange[] = [];
  /** Called after each change: what was kept of the catalog is stale. */
  onChange: (() => void) | undefined;

  get current(): number {
    return this.#current;
  }

  changed(relations: ReadonlySet<string> | undefined, isCreation = false): void {
    this.#current += 1;
    this.#changes.push({ version: this.#current, relations, isCreation });
    if (this.#changes.length > changesMax) this.#changes.shift();
    this.onChange?.();
  }

  /** Whether a change after `version` concerns one of the relations. */
  conflicts(version: number, touched: ReadonlySet<string>): boolean {
    if (version === this.#current || touched.size === 0) return false;
    const oldest = this.#changes[0]?.version ?? this.#current;
    if (version < oldest - 1) return true;
    return this.#changes.some((change) => change.version > version && concerns(change, touched));
  }

  /**
   * Whether a session that has last looked at `version` knows one of the relations otherwise than it is now. Such a
   * session hears so once, at its next statement.
   *
   * Source: AWS Labs' DSQL skill, troubleshooting, measured 2026-10.
   */
  isStale(version: number, touched: readonly { readonly name: string }[]): boolean {
    if (version === this.#current) return false;
    const names = new Set(touched.map(({ name }) => name));
    return this.#changes.some(
      (change) => change.version > version && !change.isCreation && concerns(change, names),
    );
  }
}

function concerns(change: CatalogChange, touched: ReadonlySet<string>): boolean {
  if (change.relations === undefined) return touched.size > 0;
  for (const relation of change.relations) if (touched.has(relation)) return true;
  return false;
}
