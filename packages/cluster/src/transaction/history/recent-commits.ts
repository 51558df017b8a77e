/**
 * The last commits, so that a transaction that has lost can be told to whom.
 *
 * A commit is announced before COMMIT is sent, as in `commit-history.ts`: whatever a loser has met was announced before, and
 * what was settled before its snapshot was taken is in the snapshot. So the winner is always among `since`, unless that says
 * that it has been forgotten; where one commit alone comes into question, it is the winner.
 */
import type { Announced, Commit } from "../../base/index.ts";

/** Commits remembered; at the bound the oldest is forgotten. */
const commitsMax = 512;

/** Characters kept of a statement; what is longer is cut. */
const statementCharactersMax = 1_000;

interface Remembered {
  readonly sequence: number;
  readonly commit: Commit;
}

export class RecentCommits {
  readonly #settled: Remembered[] = [];
  #oldest = 0;
  readonly #pending = new Set<Commit>();
  #sequence = 0;

  /** To be taken before the statement is sent that takes the snapshot. */
  get sequence(): number {
    return this.#sequence;
  }

  /** To be called before COMMIT is sent. */
  announce(commit: Commit): Announced {
    this.#pending.add(commit);
    return {
      settle: () => {
        if (this.#pending.delete(commit)) this.#note(commit);
      },
      takeBack: () => {
        this.#pending.delete(commit);
      },
    };
  }

  /**
   * @param isMeant - whether a commit comes into question
   * @returns undefined where some that may have come into question have been forgotten
   */
  since(sequence: number, isMeant: (commit: Commit) => boolean): readonly Commit[] | undefined {
    if (this.#sequence - sequence > commitsMax) return undefined;
    const settled = this.#settled
      .filter((one) => one.sequence > sequence)
      .sort((left, right) => left.sequence - right.sequence)
      .map(({ commit }) => commit);
    return [...settled, ...this.#pending].filter(isMeant);
  }

  /** The newest one remembered that is meant. */
  last(isMeant: (commit: Commit) => boolean): Commit | undefined {
    return this.#settled
      .filter(({ commit }) => isMeant(commit))
      .reduce<Remembered | undefined>(
        (newest, one) => (newest === undefined || one.sequence > newest.sequence ? one : newest),
        undefined,
      )?.commit;
  }

  /** Overwrites the oldest: this is on the way of every commit. */
  #note(commit: Commit): void {
    this.#sequence += 1;
    this.#settled[this.#oldest] = { sequence: this.#sequence, commit };
    this.#oldest = (this.#oldest + 1) % commitsMax;
  }
}

/** What is kept of a statement's text, without the memory of the whole. */
export function keptText(text: string): string {
  if (text.length <= statementCharactersMax) return text;
  return `${Buffer.from(text.slice(0, statementCharactersMax)).toString()}…`;
}
