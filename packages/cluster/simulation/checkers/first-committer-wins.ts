/**
 * Who may commit: a transaction loses if, and only if, another that committed after its snapshot has taken a row that it took,
 * too, and the two ways of taking it conflict.
 *
 * | | key | other columns | share |
 * | --- | --- | --- | --- |
 * | key: INSERT, DELETE, a change of the key, FOR UPDATE | conflict | conflict | conflict |
 * | other columns | conflict | conflict | |
 * | share: FOR KEY SHARE | conflict | | |
 *
 * Source: Aurora DSQL User Guide, "Concurrency control in Aurora DSQL" (conflict matrix).
 */
export type Taking = "key" | "otherColumns" | "share";

/** The ways in which a transaction has taken each row. */
export type Takings<Key> = ReadonlyMap<Key, ReadonlySet<Taking>>;

export interface Writer<Key> {
  readonly takings: Takings<Key>;
  /** A row that it inserted and deleted again: nothing of it is to be committed. */
  leavesNoTrace(key: Key): boolean;
  /** The cluster may refuse it one too many for a share of this row: docs/decisions/2026-12-01-announce-before-commit.md. */
  mayLookAsIfRemoved(key: Key): boolean;
}

/**
 * `either`: the only rows in common are such as this transaction inserted and deleted again. Nobody has published what
 * the service does then, and no client can tell from its data. Or the cluster cannot tell its update from a change of the key.
 */
export type CommitVerdict = "commits" | "conflicts" | "either";

/** @param others - what has been taken by those who committed since the transaction's snapshot */
export function judgeCommit<Key>(transaction: Writer<Key>, others: readonly Takings<Key>[]): CommitVerdict {
  const contested = [...transaction.takings].filter(([key, own]) =>
    others.some((takings) => meet(own, takings.get(key))),
  );
  if (contested.some(([key]) => !transaction.leavesNoTrace(key))) return "conflicts";
  if (contested.length > 0) return "either";
  const isShared = others.some((takings) =>
    [...takings].some(([key, ways]) => ways.has("share") && transaction.mayLookAsIfRemoved(key)),
  );
  return isShared ? "either" : "commits";
}

function meet(own: ReadonlySet<Taking>, other: ReadonlySet<Taking> | undefined): boolean {
  if (other === undefined) return false;
  const writes = (ways: ReadonlySet<Taking>): boolean => ways.has("key") || ways.has("otherColumns");
  return (
    (writes(own) && writes(other)) ||
    (own.has("key") && other.has("share")) ||
    (own.has("share") && other.has("key"))
  );
}
