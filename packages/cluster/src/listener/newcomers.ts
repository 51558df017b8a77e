/**
 * Connections that have not shown yet who they are.
 *
 * They cost a place and a socket each, and anybody can open them. So they have few places, apart from those of clients
 * that are known, and at the bound the one that has been here longest goes: a client that means it is known within
 * milliseconds, so it is the silent ones that make room, and they lock nobody out.
 *
 * Tests: newcomers.test.ts, test/attack/bounds.test.ts.
 */
export class Newcomers<Connection> {
  readonly #max: number;
  readonly #turnAway: (connection: Connection) => void;
  /** In the order in which they came. */
  readonly #waiting = new Set<Connection>();

  constructor(max: number, turnAway: (connection: Connection) => void) {
    this.#max = max;
    this.#turnAway = turnAway;
  }

  get count(): number {
    return this.#waiting.size;
  }

  add(connection: Connection): void {
    this.#waiting.add(connection);
    if (this.#waiting.size <= this.#max) return;
    for (const oldest of this.#waiting) {
      this.#waiting.delete(oldest);
      this.#turnAway(oldest);
      return;
    }
  }

  /** It is known now, or gone. */
  delete(connection: Connection): void {
    this.#waiting.delete(connection);
  }
}
