/**
 * Names and values from outside as SQL: always a name or a value, whatever is in them.
 *
 * Source: PostgreSQL 16 documentation, "Identifiers and Key Words" and "String Constants".
 */

/** `owner` to `"owner"`. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** `it's` to `'it''s'`, for a server that keeps `standard_conforming_strings` on, as Aurora DSQL does. */
export function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A literal that means the same whatever `standard_conforming_strings` is: with backslashes it is an E string. */
export function quotePortableLiteral(text: string): string {
  const quoted = quoteLiteral(text);
  return text.includes("\\") ? `E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}

/** `["a", null]` to `{"a",NULL}`: an array in its text form, which is a value and no SQL yet. */
export function textArray(values: readonly (string | null | undefined)[]): string {
  const items = values.map((value) =>
    value === null || value === undefined ? "NULL" : `"${value.replace(/["\\]/g, "\\$&")}"`,
  );
  return `{${items.join(",")}}`;
}
