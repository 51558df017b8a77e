/**
 * Memory that clients make us keep, over all of them together.
 *
 * Each session has bounds of its own, but a thousand sessions just below theirs are more than the process has. So what a
 * session keeps for its client is counted in an account, and where all accounts together exceed the budget, the largest
 * is ended: whoever keeps little is never the one to go, however many others keep much.
 *
 * Tests: memory-budget.test.ts, test/attack/bounds.test.ts.
 */

export class MemoryBudget {
  readonly #bytesMax: number;
  readonly #accounts = new Set<MemoryAccount>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Kept now, in all accounts, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @param onEnd - the budget is exceeded and this account is the largest: let go of everything */
  open(onEnd: () => void): MemoryAccount {
    const account: MemoryAccount = new MemoryAccount(onEnd, {
      change: (bytes) => {
        this.#bytes += bytes;
        if (bytes > 0 && this.#bytes > this.#bytesMax) this.#endLargest();
      },
      close: () => this.#accounts.delete(account),
    });
    this.#accounts.add(account);
    return account;
  }

  #endLargest(): void {
    let largest: MemoryAccount | undefined;
    for (const account of this.#accounts) {
      if (largest === undefined || account.bytes > largest.bytes) largest = account;
    }
    largest?.end();
  }
}

export class MemoryAccount {
  readonly #onEnd: () => void;
  readonly #budget: { readonly change: (bytes: number) => void; readonly close: () => void };
  #bytes = 0;
  #isClosed = false;

  constructor(onEnd: () => void, budget: { change: (bytes: number) => void; close: () => void }) {
    this.#onEnd = onEnd;
    this.#budget = budget;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @param bytes - so many more are kept, or, where negative, fewer */
  change(bytes: number): void {
    if (this.#isClosed) return;
    this.#bytes += bytes;
    this.#budget.change(bytes);
  }

  /** Has its owner let go of everything. What it kept counts no more: it is about to be free. */
  end(): void {
    this.close();
    this.#onEnd();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#budget.change(-this.#bytes);
    this.#budget.close();
    this.#bytes = 0;
  }
}
