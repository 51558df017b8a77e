/**
 * Comments that put findings aside, each with its reason:
 *
 *   -- dsql-lint-disable-next-line rule-id: why      the statement that begins on the next line, or what stands on that line
 *   -- dsql-lint-disable-line rule-id: why           what stands on this line
 *   -- dsql-lint-disable-file rule-id, other: why    the file
 *
 * In programs `//` serves as well. Without a reason a comment puts nothing aside and is itself a finding.
 *
 * Tests: suppressions.test.ts.
 */
import type { Lines } from "./lines.ts";

export interface Suppression {
  /** Where it stands. */
  readonly line: number;
  readonly column: number;
  readonly length: number;
  readonly ruleIds: readonly string[];
  readonly reason: string;
  /** undefined: the whole file. */
  readonly targetLine: number | undefined;
}

const comment =
  /(?:--|\/\/|\/\*|\*)\s*dsql-lint-disable-(next-line|line|file)\b[ \t]*([\w-]+(?:[ \t]*,[ \t]*[\w-]+)*)?[ \t]*(?::[ \t]*(.*?))?[ \t]*(?:\*\/)?$/;

export function suppressionsIn(lines: Lines): Suppression[] {
  const found: Suppression[] = [];
  for (let line = 1; line <= lines.count; line += 1) {
    const text = lines.text(line);
    if (!text.includes("dsql-lint-disable")) continue;
    const match = comment.exec(text);
    if (match === null) continue;
    const [whole, scope, ids = "", reason = ""] = match;
    found.push({
      line,
      column: match.index + 1,
      length: whole.length,
      ruleIds: ids.split(",").flatMap((id) => (id.trim() === "" ? [] : [id.trim()])),
      reason: reason.trim(),
      targetLine: scope === "file" ? undefined : scope === "line" ? line : nextCodeLine(lines, line),
    });
  }
  return found;
}

/** The next line that is more than blanks or a comment. */
function nextCodeLine(lines: Lines, from: number): number {
  for (let line = from + 1; line <= lines.count; line += 1) {
    if (!/^\s*(--.*|\/\/.*|\/\*.*\*\/\s*)?$/.test(lines.text(line))) return line;
  }
  return lines.count + 1;
}
