/**
 * Who may commit: a transaction loses if, and only if, another that committed after its snapshot wrote a row that it
 * wrote, too. FOR UPDATE counts as writing, on both sides.
 *
 * Source: Aurora DSQL User Guide, "Concurrency control in Aurora DSQL".
 */
export interface Writer<Key> {
  /** Rows changed or locked FOR UPDATE. */
  readonly writeSet: ReadonlySet<Key>;
  /** A row that it inserted and deleted again: nothing of it is to be committed. */
  leavesNoTrace(key: Key): boolean;
}

/**
 * `either`: the only rows in common are such as this transaction inserted and deleted again. Nobody has published what
 * the service does then, and no client can tell from its data.
 */
export type CommitVerdict = "commits" | "conflicts" | "either";

/** @param others - the write sets committed since the transaction's snapshot */
export function judgeCommit<Key>(
  transaction: Writer<Key>,
  others: readonly ReadonlySet<Key>[],
): CommitVerdict {
  const contested = [...transaction.writeSet].filter((key) => others.some((writeSet) => writeSet.has(key)));
  if (contested.length === 0) return "commits";
  return contested.every((key) => transaction.leavesNoTrace(key)) ? "either" : "conflicts";
}
