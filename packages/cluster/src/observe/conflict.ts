/** A conflict as it is told to people and programs: JSON through and through. */
import type { Actor, Commit, Loss } from "../base/index.ts";

/** Who has committed first, and what. */
export interface Winner extends Actor {
  readonly atMs: number;
  /** Its last statement that wrote; cut where it is long. */
  readonly statement: string;
}

/** A transaction that has lost: 40001. */
export interface Conflict extends Actor {
  /** Counts up from 1. */
  readonly id: number;
  readonly atMs: number;
  readonly occ: "OC000" | "OC001";
  /** When the loser's snapshot was taken. */
  readonly startedAtMs: number;
  readonly relation: string | undefined;
  /** Primary keys of the rows, by column; undefined where they cannot be told. */
  readonly rows: readonly Readonly<Record<string, string>>[] | undefined;
  /** The statement that met the other; undefined where that was COMMIT itself. */
  readonly statement: string | undefined;
  /** The loser's statements that had written before. */
  readonly wrote: readonly string[];
  /** Who has won, where one alone comes into question. */
  readonly winner: Winner | undefined;
  /** All who come into question, first the one who committed first. */
  readonly candidates: readonly Winner[];
  /** It was a fault on demand. */
  readonly isInjected: boolean;
}

export function conflictOf(id: number, { committed, ...loss }: Loss): Conflict {
  const candidates = committed.map(winnerOf);
  return { id, ...loss, winner: candidates.length === 1 ? candidates[0] : undefined, candidates };
}

function winnerOf({ atMs, transaction, sessionId, role, applicationName, statement }: Commit): Winner {
  return { atMs, transaction, sessionId, role, applicationName, statement };
}
