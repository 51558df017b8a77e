/**
 * Job identifiers as clients see them: a UUID as 26 lower-case base32 characters without padding.
 *
 * Source: Aurora DSQL User Guide, "Asynchronous indexes in Aurora DSQL"; recorded answers of the service.
 */
import { base32 } from "../storage/index.ts";

const alphabet = "abcdefghijklmnopqrstuvwxyz234567";

export function jobIdText(uuid: string): string {
  return base32(Buffer.from(uuid.replaceAll("-", ""), "hex"));
}

/** @returns undefined for a text that is no job identifier */
export function jobIdUuid(text: string): string | undefined {
  if (!/^[a-z2-7]{26}$/.test(text)) return undefined;
  let bits = 0n;
  for (const character of text) bits = (bits << 5n) | BigInt(alphabet.indexOf(character));
  if ((bits & 3n) !== 0n) return undefined;
  const hex = (bits >> 2n).toString(16).padStart(32, "0");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
