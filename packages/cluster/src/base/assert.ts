/**
 * What must hold if this program is right. A failed assertion is our defect, never the client's: the session ends
 * with XX000 and the log gets the story. Assertions stay on in every build.
 */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

export function assert(holds: boolean, claim: string): asserts holds {
  if (!holds) throw new AssertionError(`this does not hold: ${claim}`);
}

/** The value that must be there. */
export function defined<Value>(value: Value | undefined | null, claim: string): Value {
  assert(value !== undefined && value !== null, claim);
  return value;
}
