/**
 * Random numbers from a seed: the same seed gives the same run of transfers, on every machine.
 *
 * Not for secrets. The generator is xoshiro128** by D. Blackman and S. Vigna: 2^128 states in four 32-bit words, which
 * is what JavaScript multiplies fast.
 */
export interface SeededRandom {
  /** @returns an integer from `min` to `max`, both included; at most 2^32 apart */
  integer(min: number, max: number): number;
  /** @returns a number from 0 up to, but not including, 1 */
  fraction(): number;
}

/** @param seed - any number; the same gives the same sequence on every machine */
export function seededRandom(seed: number): SeededRandom {
  const next = xoshiro128(seed);
  return {
    // Scaling favours some numbers by less than one part in four million where there are 1,000 to draw from.
    integer: (min, max) => min + Math.floor((next() / 2 ** 32) * (max - min + 1)),
    fraction: () => next() / 2 ** 32,
  };
}

/** @returns a function that gives the next 32 bits, as an unsigned number */
function xoshiro128(seed: number): () => number {
  const [first, second, third, fourth] = spread(seed);
  let [a, b, c, d] = [first, second, third, fourth];
  return () => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return result;
  };
}

/** Fills the state from one number, so that neighbouring seeds share nothing: SplitMix, as its authors advise. */
function spread(seed: number): readonly [number, number, number, number] {
  let state = Math.floor(seed / 2 ** 32) ^ seed;
  const next = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return mixed ^ (mixed >>> 16);
  };
  return [next(), next(), next(), next()];
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
