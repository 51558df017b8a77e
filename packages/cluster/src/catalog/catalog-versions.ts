/**
 * Versions of the catalog, for OC001: a catalog change beats the transactions that were open when it was committed.
 *
 * The change counts for a transaction that has touched one of the changed relations. A change without a relation to
 * name (a role, a schema, a privilege on many tables) counts for all. Both reaches have been measured of the service, so
 * a cluster may be told that every change counts for all.
 *
 * Source: Aurora DSQL User Guide, "Concurrency control in Aurora DSQL".
 */

import type { Announced } from "../base/index.ts";
import type { Statement } from "../sql/index.ts";

/** A committed change: the names of the relations it concerns; undefined: any. */
interface CatalogChange {
  readonly version: number;
  /** New relations and nothing else: no session can have known them otherwise. */
  readonly isCreation: boolean;
  readonly relations: ReadonlySet<string> | undefined;
  /** What it has created, however far it reaches. */
  readonly created: ReadonlySet<string>;
}

const nothing: ReadonlySet<string> = new Set();

/**
 * How far a change reaches: to those that touch one of its relations, or to all of the cluster's sessions. One source
 * measured the first, another the second.
 */
export type Oc001Scope = "table" | "cluster";

export function isOc001Scope(text: string): text is Oc001Scope {
  return text === "table" || text === "cluster";
}

/** Changes remembered; a transaction older than the oldest of them conflicts with any change. */
const changesMax = 1_000;

const everything = { relations: undefined, isCreation: false };

export class CatalogVersions {
  readonly #scope: Oc001Scope;
  #current = 1;
  readonly #changes: CatalogChange[] = [];
  /** Changes whose COMMIT has been sent: whoever asks may have met them already. */
  readonly #pending = new Set<Omit<CatalogChange, "version">>();
  /** Called after each change: what was kept of the catalog is stale. */
  onChange: (() => void) | undefined;

  constructor(scope: Oc001Scope = "table") {
    this.#scope = scope;
  }

  get current(): number {
    return this.#current;
  }

  /** To be called before the change's COMMIT is sent: PostgreSQL lets others see it before its answer is here. */
  announce(relations: ReadonlySet<string> | undefined, isCreation = false): Announced {
    const pending = this.#reach(relations, isCreation);
    this.#pending.add(pending);
    return {
      settle: () => {
        if (this.#pending.delete(pending)) this.changed(relations, isCreation);
      },
      takeBack: () => {
        this.#pending.delete(pending);
      },
    };
  }

  changed(relations: ReadonlySet<string> | undefined, isCreation = false): void {
    this.#current += 1;
    const reach = this.#reach(relations, isCreation);
    this.#changes.push({ version: this.#current, ...reach });
    if (this.#changes.length > changesMax) this.#changes.shift();
    this.onChange?.();
  }

  /** The data are others than before: no session hears of what was changed in those. */
  startAgain(): void {
    this.#current += 1;
    this.#changes.length = 0;
    this.#pending.clear();
    this.onChange?.();
  }

  #reach(relations: ReadonlySet<string> | undefined, isCreation: boolean): Omit<CatalogChange, "version"> {
    const created = (isCreation && relations) || nothing;
    return this.#scope === "cluster" ? { ...everything, created } : { relations, isCreation, created };
  }

  /** Whether a relation of the name may have been created after `version`: to a transaction that began before it is not there. */
  isCreatedSince(version: number, name: string): boolean {
    for (const { created } of this.#pending) if (created.has(name)) return true;
    if (version === this.#current) return false;
    return this.#changes.some((change) => change.version > version && change.created.has(name));
  }

  /** Whether a change after `version`, or one that is being committed, concerns one of the relations. */
  conflicts(version: number, touched: ReadonlySet<string>): boolean {
    if (touched.size === 0) return false;
    for (const change of this.#pending) if (concerns(change, touched)) return true;
    if (version === this.#current) return false;
    const oldest = this.#changes[0]?.version ?? this.#current;
    if (version < oldest - 1) return true;
    return this.#changes.some((change) => change.version > version && concerns(change, touched));
  }

  /**
   * Whether a session that has last looked at `version` knows otherwise than it is now what a statement is about. Such a
   * session hears so once, at its next statement that reads or writes; where changes reach the whole cluster, also at DDL.
   *
   * Source: AWS Labs' DSQL skill, troubleshooting, measured 2026-10; of the reach, AWS Labs' lint, its cluster tests.
   *
   * @param until - the version that the session's transaction began with; what is newer is heard at COMMIT
   */
  isStale(version: number, statement: Statement, until = this.#current): boolean {
    if (version >= until) return false;
    if (statement.kind === "ddl") return this.#scope === "cluster";
    if (statement.kind !== "read" && statement.kind !== "write") return false;
    const names = new Set(statement.analysis.relations.map(({ name }) => name));
    return this.#changes.some(
      (change) =>
        change.version > version && change.version <= until && !change.isCreation && concerns(change, names),
    );
  }
}

function concerns(change: Omit<CatalogChange, "version">, touched: ReadonlySet<string>): boolean {
  if (change.relations === undefined) return touched.size > 0;
  for (const relation of change.relations) if (touched.has(relation)) return true;
  return false;
}
