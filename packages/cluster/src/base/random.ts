import { randomBytes, randomUUID } from "node:crypto";

/** Randomness as the parts see it. Passed through constructors so that a simulation can seed it. */
export interface Random {
  bytes(count: number): Buffer;
  uuid(): string;
}

export const systemRandom: Random = { bytes: (count) => randomBytes(count), uuid: () => randomUUID() };
