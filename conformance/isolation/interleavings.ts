/** More than this many orders of one script take longer than what they show is worth. */
export const interleavingsMax = 1_000;

/**
 * Every way to merge the sequences that keeps the order within each.
 *
 * @returns undefined when there are more than `interleavingsMax`
 */
export function interleavings(sequences: readonly (readonly string[])[]): string[][] | undefined {
  if (count(sequences.map(({ length }) => length)) > interleavingsMax) return undefined;
  return merge(sequences);
}

function merge(sequences: readonly (readonly string[])[]): string[][] {
  if (sequences.every(({ length }) => length === 0)) return [[]];
  return sequences.flatMap((sequence, index) => {
    const [first, ...rest] = sequence;
    if (first === undefined) return [];
    return merge(sequences.with(index, rest)).map((order) => [first, ...order]);
  });
}

/** The multinomial coefficient: (a + b + …)! / (a! b! …), as a product of binomials. */
function count(lengths: readonly number[]): number {
  let total = 0;
  let orders = 1;
  for (const length of lengths) {
    for (let taken = 1; taken <= length; taken += 1) {
      total += 1;
      orders = (orders * total) / taken;
    }
  }
  return Math.round(orders);
}
