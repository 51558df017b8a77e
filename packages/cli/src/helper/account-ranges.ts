/** How a million accounts are divided: a range of ids for each worker, and batches that fit into a transaction. */

/** Both ends included. */
export interface IdRange {
  readonly first: number;
  readonly last: number;
}

/** Divides a range into as many parts of nearly equal length; fewer where there are fewer ids. */
export function divide({ first, last }: IdRange, parts: number): IdRange[] {
  const ids = last - first + 1;
  if (ids <= 0) return [];
  const used = Math.min(parts, ids);
  return Array.from({ length: used }, (_, part) => ({
    first: first + Math.floor((ids * part) / used),
    last: first + Math.floor((ids * (part + 1)) / used) - 1,
  }));
}

/** Divides a range into batches of at most `rowsMax` ids. */
export function batches(range: IdRange, rowsMax: number): IdRange[] {
  return divide(range, Math.ceil((range.last - range.first + 1) / rowsMax));
}
