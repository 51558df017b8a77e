/** Types of columns from the texts in them: the narrowest of a short list that all of them fit. */
import { limits } from "@dsql-local/spec";
import type { Row } from "./records.ts";

/** Narrowest first. Integers are bigint: an id that fits into 32 bits in the sample may not in the rest of the file. */
const candidates: readonly { readonly type: string; readonly fits: RegExp }[] = [
  { type: "boolean", fits: /^(true|false)$/i },
  // A number that begins with a zero is a code, as of a post office.
  { type: "bigint", fits: /^-?(0|[1-9]\d{0,17})$/ },
  { type: "numeric", fits: /^-?(0|[1-9]\d*)(\.\d+)?$/ },
  { type: "double precision", fits: /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/ },
  { type: "uuid", fits: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i },
  { type: "date", fits: /^\d{4}-\d{2}-\d{2}$/ },
  { type: "timestamptz", fits: /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}(:?\d{2})?)$/ },
  { type: "timestamp", fits: /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?$/ },
];

/** @returns a type for each column; `text` where nothing narrower fits, or where all values are NULL */
export function inferTypes(columns: readonly string[], sample: readonly Row[]): string[] {
  return columns.map((_, index) => inferType(sample.map((row) => row.values[index] ?? null)));
}

function inferType(values: readonly (string | null)[]): string {
  const texts = values.filter((value) => value !== null);
  if (texts.length === 0) return "text";
  const type = candidates.find(({ fits }) => texts.every((text) => fits.test(text)))?.type ?? "text";
  return type === "numeric" ? numericFor(texts) : type;
}

/** As many places as the service gives a bare numeric, which would have 12 digits before the point only. */
const scaleLeast = 6;
const precisionLeast = 38;

/** A bare numeric is numeric(18,6) and rounds in silence: what is in the sample fits, with room for the rest of the file. */
function numericFor(texts: readonly string[]): string {
  const digits = texts.map((text) => text.replace("-", "").split("."));
  const whole = Math.max(...digits.map(([before = ""]) => before.length));
  const scale = Math.max(scaleLeast, ...digits.map(([, after = ""]) => after.length));
  const precision = Math.max(precisionLeast, whole + scale);
  return precision > limits.numericPrecisionMax.value ? "text" : `numeric(${precision},${scale})`;
}
