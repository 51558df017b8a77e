/**
 * The Query Identifier: 64 bits that are the same for statements that differ only in constants, spaces and comments, in the
 * 13 characters of z-base-32 that the service's identifiers are written in.
 *
 * How the service computes them is not known; these are stable, but other ones.
 *
 * Tests: query-identifier.test.ts.
 */
import { createHash } from "node:crypto";
import { lex } from "@dsql-local/sql";

const alphabet = "ybndrfg8ejkmcpqxot1uwisza345h769";
const characters = 13;

export function queryIdentifier(query: string): string {
  const normal = lex(query).map(({ kind, start, end }) => {
    if (kind === "string" || kind === "number" || kind === "parameter") return "?";
    const text = query.slice(start, end);
    return kind === "word" ? text.toLowerCase() : text;
  });
  const bits = createHash("sha256").update(normal.join(" ")).digest().readBigUInt64BE() << 1n;
  return Array.from({ length: characters }, (_, place) => {
    const group = Number((bits >> BigInt(5 * (characters - 1 - place))) & 31n);
    return alphabet[group] ?? "";
  }).join("");
}
