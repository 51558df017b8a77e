/**
 * The states of a transaction, every edge described. What the table does not list is a defect.
 *
 * - `unstarted`: BEGIN has been answered, no backend is held, no snapshot is taken.
 * - `active`: its effects are in place on its backend and its locks are held.
 * - `parked`: rolled back to its base savepoint to free its locks; the snapshot stays.
 * - `doomed`: it has lost and hears so at COMMIT; answers come from its snapshot and its own writes.
 * - `failed`: a statement failed; only the end of the block is accepted (25P02).
 * - `ended`: committed or rolled back.
 */
export const transitions = {
  unstarted: ["active", "failed", "ended"],
  active: ["parked", "doomed", "failed", "ended"],
  parked: ["active", "doomed", "failed", "ended"],
  doomed: ["failed", "ended"],
  failed: ["ended"],
  ended: [],
} as const satisfies Record<string, readonly string[]>;

export type TransactionState = keyof typeof transitions;
