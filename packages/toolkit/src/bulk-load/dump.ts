/**
 * The rows of one table in a whole file of pg_dump: what stands between its `COPY … FROM stdin;` and `\.`. Where the input is
 * the text of COPY alone, it stays as it is.
 */
import { UsageError } from "../errors.ts";

export interface CopyText {
  /** In the order of COPY; undefined where the input does not say. */
  readonly columns: readonly string[] | undefined;
  readonly lines: AsyncIterable<string>;
  /** Lines before the first row. */
  readonly linesBefore: number;
}

/** What such a file begins with, and no row of COPY does: it has tabs, or is a value. */
const dumpStart =
  /^(?:--|-- PostgreSQL database dump|SET \w+ = [^\t]*;|COPY [^\t]+ FROM stdin;|\\restrict \S+)$/;
const copyLine = /^COPY (.+?) \((.*)\) FROM stdin;$/;

/**
 * @param table - its name, with its schema or without
 * @throws {UsageError} it is a file of pg_dump and holds no rows of the table
 */
export async function copyTextOf(
  input: AsyncIterable<string>,
  table: string | readonly string[],
): Promise<CopyText> {
  const lines = input[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done === true) return { columns: undefined, lines: remaining(lines), linesBefore: 0 };
  if (!dumpStart.test(withoutReturn(first.value)))
    return { columns: undefined, lines: remaining(lines, first.value), linesBefore: 0 };
  const seen: string[] = [];
  let count = 1;
  for (let line: IteratorResult<string> = first; line.done !== true; line = await lines.next(), count += 1) {
    const [, name = "", columns = ""] = copyLine.exec(withoutReturn(line.value)) ?? [];
    if (name === "") continue;
    if (isSameTable(namesIn(name), typeof table === "string" ? table.split(".") : table))
      return { columns: namesIn(columns), lines: remaining(lines), linesBefore: count };
    seen.push(name);
  }
  const tables = seen.length === 0 ? "it has no COPY … FROM stdin" : `it has those of ${seen.join(", ")}`;
  throw new UsageError(
    `the input is a file of pg_dump that holds no rows of ${typeof table === "string" ? table : table.join(".")}: ${tables}. ` +
      "Name one of these tables, or dump with --data-only --table and without --inserts",
  );
}

const withoutReturn = (line: string): string => (line.endsWith("\r") ? line.slice(0, -1) : line);

/** Of `public."Order"` and of `id, "Name"`. */
function namesIn(text: string): string[] {
  return (text.match(/"(?:[^"]|"")*"|[^\s.,"]+/g) ?? []).map((name) =>
    name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name,
  );
}

/** The dump names the schema always, the caller may leave it out. */
function isSameTable(dumped: readonly string[], wanted: readonly string[]): boolean {
  return wanted.every((part, index) => dumped[dumped.length - wanted.length + index] === part);
}

async function* remaining(
  lines: AsyncIterator<string>,
  ...before: readonly string[]
): AsyncGenerator<string, void, undefined> {
  yield* before;
  for (let line = await lines.next(); line.done !== true; line = await lines.next()) yield line.value;
}
