/**
 * What currval() gives: the values that this session has had from sequences, and no other's.
 *
 * PostgreSQL keeps them in the backend, with the values that it has fetched ahead (CACHE). A backend holds those of one session
 * at a time: another session that comes to use sequences on it has them discarded first. What a transaction has got is read
 * before it ends, ROLLBACK included, since sequences do not roll back; it goes with the session's later leases in a setting,
 * where `pg_dsql.currval` finds what the backend itself does not know.
 *
 * Tests: test/session-state-sequences.test.ts.
 */
import type { Backend } from "./backend.ts";
import type { Settings } from "./settings.ts";

const settingName = "dsql.sequence_values";

export class SequenceValues {
  /** By the sequence's oid. As many as there are sequences. */
  readonly #values = new Map<string, string>();
  /** Where PostgreSQL itself knows the newest of them. */
  #home: Backend | undefined;

  /** The session's settings, with these values beside them. */
  beside(settings: Settings): Settings {
    return this.#values.size === 0 ? settings : settings.with(settingName, `'${this.#text()}'`);
  }

  /** Puts the values in force again. @returns an empty text when there are none */
  get settingText(): string {
    return this.#values.size === 0 ? "" : `SET ${settingName} TO '${this.#text()}'`;
  }

  /** @returns whether the backend holds values of another session, or older ones, which are to be discarded */
  claim(backend: Backend): boolean {
    const isHome = this.#home === backend && backend.sequencesOf === this;
    this.#home = backend;
    backend.sequencesOf = this;
    return !isHome;
  }

  /** @param got - as `pg_dsql.sequence_values()` writes them: `,16400=7,16412=1` */
  add(got: string): void {
    for (const [, oid = "", value = ""] of got.matchAll(/,(\d+)=(-?\d+)/g)) this.#values.set(oid, value);
  }

  #text(): string {
    return [...this.#values].map(([oid, value]) => `,${oid}=${value}`).join("");
  }
}
