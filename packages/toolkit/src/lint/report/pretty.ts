/** A report for people: what, where with the line and a caret, why, and what to do. Tests: formats.test.ts. */
import type { Finding, LintReport } from "../types.ts";
import { type LintSummary, summarize } from "./summary.ts";

/** Colours, or nothing where there are none. */
export interface LintPainter {
  readonly red: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
}

const plain = (text: string): string => text;
const noColours: LintPainter = { red: plain, yellow: plain, cyan: plain, bold: plain, dim: plain };

/**
 * @returns the report for people: each finding with its lines and a caret; reason and remedy with the first of each rule
 */
export function lintReportAsText(report: LintReport, paint: LintPainter = noColours): string {
  const explained = new Set<string>();
  const blocks = report.findings.map((finding) => {
    const isFirst = !explained.has(finding.ruleId);
    explained.add(finding.ruleId);
    return block(finding, isFirst, paint);
  });
  const unreadable = report.files.flatMap(({ file, unreadable: reason }) =>
    reason === undefined
      ? []
      : [`${paint.red("error:")} ${printable(file)} cannot be read: ${printable(reason)}\n`],
  );
  return [...blocks, ...unreadable, summaryLine(summarize(report), paint)].join("\n");
}

/** The reason is given with the first finding of each rule. */
function block(finding: Finding, isFirst: boolean, paint: LintPainter): string {
  const { severity, ruleId, message, file, line, column, reason, remedy, isFixable } = finding;
  const paintSeverity = severity === "error" ? paint.red : paint.yellow;
  const gutter = " ".repeat(String(line).length);
  const { text, caret } = excerpt(finding);
  return [
    `${paintSeverity(`${severity}[${ruleId}]`)} ${paint.bold(printable(message))}`,
    `${gutter}${paint.cyan("-->")} ${printable(file)}:${line}:${column}`,
    `${paint.cyan(`${line} |`)} ${text}`,
    `${paint.cyan(`${gutter} |`)} ${paintSeverity(caret)}`,
    ...(isFirst ? [`${gutter} ${paint.cyan("= why:")} ${reason} ${paint.dim(sourceOf(finding))}`] : []),
    ...(finding.acceptedSince === undefined
      ? []
      : [
          `${gutter} ${paint.cyan("= since")} ${finding.acceptedSince} the service takes it; the rules asked for are older`,
        ]),
    `${gutter} ${paint.cyan("= fix:")} ${remedy}${isFixable ? paint.dim(" (--fix does it)") : ""}`,
    "",
  ].join("\n");
}

const markText = {
  measured: "measured",
  documented: "documented",
  unsure: "by pattern, nobody published the text",
};

function sourceOf({ mark, source }: Finding): string {
  return `(${mark === undefined ? "" : `${markText[mark]}; `}${source})`;
}

/** Characters of a source line that are shown, and how many of them before the finding. */
const excerptMax = 110;
const excerptBefore = 60;

function excerpt(finding: Finding): { readonly text: string; readonly caret: string } {
  const line = printable(finding.excerpt.replaceAll("\t", " "));
  const at = finding.column - finding.excerptColumn;
  const from =
    line.length <= excerptMax ? 0 : Math.max(0, Math.min(at - excerptBefore, line.length - excerptMax));
  const shown = line.slice(from, from + excerptMax);
  const head = from > 0 || finding.excerptColumn > 1 ? "…" : "";
  const tail = from + excerptMax < line.length ? "…" : "";
  const endColumn = finding.endLine === finding.line ? finding.endColumn : finding.column + line.length - at;
  const width = Math.max(1, Math.min(endColumn - finding.column, shown.length - (at - from)));
  return { text: `${head}${shown}${tail}`, caret: " ".repeat(head.length + at - from) + "^".repeat(width) };
}

/** Control characters would move the cursor or recolour the terminal; each is one mark, so that the caret still points right. */
function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are what must not reach the terminal
  return text.replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g, "\u{fffd}");
}

export function summaryLine(summary: LintSummary, paint: LintPainter = noColours): string {
  const { errors, advice, fixable, suppressed, files, statements } = summary;
  const counted = `${plural(statements, "statement")} in ${plural(files, "file")}`;
  const aside = suppressed === 0 ? "" : `, ${suppressed} put aside by comments`;
  if (errors + advice === 0) return `No findings: ${counted}${aside}.\n`;
  const found = [
    errors > 0 ? paint.red(plural(errors, "error")) : "no errors",
    advice > 0
      ? paint.yellow(advice === 1 ? "1 piece of advice" : `${advice} pieces of advice`)
      : "no advice",
  ].join(" and ");
  const remedy = fixable === 0 ? "" : ` --fix mends ${fixable}; add --dry-run to see the changes first.`;
  return `Found ${found} in ${counted}${aside}.${remedy}\n`;
}

const plural = (count: number, noun: string): string =>
  `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
