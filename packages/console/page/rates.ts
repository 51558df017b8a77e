/** How often what happens, by the second, for a quarter of an hour. */
import type { LiveEvent } from "./live.ts";

const secondsKept = 900;

export interface Rates {
  committed: number;
  lost: number;
  rolledBack: number;
  parked: number;
}

const counted: Readonly<Record<string, keyof Rates>> = {
  transactionCommitted: "committed",
  transactionLost: "lost",
  transactionRolledBack: "rolledBack",
  transactionParked: "parked",
};

const nothing = (): Rates => ({ committed: 0, lost: 0, rolledBack: 0, parked: 0 });

class RateTable {
  readonly #seconds = new Map<number, Rates>();
  readonly totals = nothing();
  #open = new Set<unknown>();

  take({ name, atMs, payload }: LiveEvent): void {
    const { transaction } = payload as { transaction?: unknown };
    if (name === "transactionBegun") this.#open.add(transaction);
    const what = counted[name];
    if (what === undefined) return;
    if (what !== "parked") this.#open.delete(transaction);
    const second = Math.floor(atMs / 1_000);
    const rates = this.#seconds.get(second) ?? nothing();
    rates[what] += 1;
    this.totals[what] += 1;
    this.#seconds.set(second, rates);
    if (this.#seconds.size > secondsKept) this.#forget(second - secondsKept);
  }

  /** After the stream was broken nobody knows which transactions have ended. */
  reconnect(): void {
    this.#open = new Set();
  }

  get openTransactions(): number {
    return this.#open.size;
  }

  /** Of the last whole second. */
  latest(): Rates {
    return this.#seconds.get(Math.floor(Date.now() / 1_000) - 1) ?? nothing();
  }

  /** Seconds and what happened in each. */
  series(of: keyof Rates): [number[], number[]] {
    const last = Math.floor(Date.now() / 1_000) - 1;
    const seconds = Array.from({ length: secondsKept }, (_, index) => last - secondsKept + 1 + index);
    return [seconds, seconds.map((second) => this.#seconds.get(second)?.[of] ?? 0)];
  }

  #forget(before: number): void {
    for (const second of this.#seconds.keys()) if (second <= before) this.#seconds.delete(second);
  }
}

export const rates = new RateTable();
