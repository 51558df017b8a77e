/**
 * The lint: reads files, holds every statement against the rules, and places what it finds.
 *
 * Tests: lint.test.ts.
 */
import { rules as serviceRules, rulesAsOf, type RuleSet } from "@dsql-local/spec";
import { UsageError } from "../errors.ts";
import { analyseFile, type FileAnalysis, type FoundProblem, schemaProblems } from "./analyse.ts";
import { createSelection, ruleById, type Selects } from "./check/catalogue.ts";
import { SchemaModel } from "./check/schema.ts";
import { fileKind, type FileKind, loadReader, type ReadSources, UnreadableFileError } from "./read/file.ts";
import { loadParser, type ParseStatement } from "./read/parser.ts";
import type { LocatedStatement } from "./read/statements.ts";
import { Lines } from "./report/lines.ts";
import { type Suppression, suppressionsIn } from "./report/suppressions.ts";
import type { FileReport, Finding, LintInput, LintOptions, LintReport } from "./types.ts";

/**
 * @param inputs - in the order in which their statements run: what one file creates, the next one knows
 * @throws {UsageError} an option says what there is not
 */
export async function lintTexts(
  inputs: readonly LintInput[],
  options: LintOptions = {},
): Promise<LintReport> {
  const linter = await Linter.load(inputs, options);
  return linter.lint(inputs);
}

interface FileState {
  readonly input: LintInput;
  readonly lines: Lines;
  readonly problems: FoundProblem[];
  readonly report: FileReport;
}

class Linter {
  readonly #options: LintOptions;
  readonly #parse: ParseStatement;
  readonly #read: ReadSources;
  readonly #ruleSet: RuleSet;
  readonly #selects: Selects;

  static async load(inputs: readonly LintInput[], options: LintOptions): Promise<Linter> {
    const kinds = new Set(inputs.map(({ file }): FileKind => fileKind(file) ?? "sql"));
    return new Linter(options, await loadParser(), await loadReader(kinds));
  }

  private constructor(options: LintOptions, parse: ParseStatement, read: ReadSources) {
    this.#options = options;
    this.#parse = parse;
    this.#read = read;
    this.#ruleSet = rulesInForce(options.asOf);
    this.#selects = createSelection(options);
  }

  lint(inputs: readonly LintInput[]): LintReport {
    const schema = new SchemaModel<LocatedStatement>();
    const stateOfSource = new Map<LocatedStatement, FileState>();
    const allFolded = new Map<LocatedStatement, string>();
    const states = inputs.map((input) => {
      const { state, statements, folded } = this.#analyse(input, schema);
      for (const located of statements) stateOfSource.set(located, state);
      for (const [located, ruleId] of folded) allFolded.set(located, ruleId);
      return state;
    });
    for (const problem of schemaProblems(schema, allFolded))
      stateOfSource.get(problem.located)?.problems.push(problem);
    const results = states.map((state) => this.#conclude(state));
    return {
      findings: results.flatMap(({ findings }) => findings),
      files: states.map(({ report }) => report),
      suppressed: results.reduce((sum, { suppressed }) => sum + suppressed, 0),
    };
  }

  #analyse(
    input: LintInput,
    schema: SchemaModel<LocatedStatement>,
  ): { readonly state: FileState } & Pick<FileAnalysis, "statements" | "folded"> {
    const { file, text, hasDrizzleJournal = false } = input;
    const lines = new Lines(text);
    try {
      const sources = this.#read({ path: file.replaceAll("\\", "/"), text, hasDrizzleJournal });
      const analysis = analyseFile(
        sources,
        { parse: this.#parse, ruleSet: this.#ruleSet, transactions: this.#options.transactions ?? "auto" },
        schema,
      );
      const report = { file, statements: analysis.statements.length };
      return {
        ...analysis,
        state: { input, lines, problems: [...analysis.problems], report },
      };
    } catch (error) {
      if (!(error instanceof UnreadableFileError)) throw error;
      const report = { file, statements: 0, unreadable: error.message };
      return { state: { input, lines, problems: [], report }, statements: [], folded: new Map() };
    }
  }

  /** Places the problems of a file, and puts aside what its comments say. */
  #conclude({ input, lines, problems }: FileState): { findings: Finding[]; suppressed: number } {
    const placed = problems
      .filter(({ ruleId }) => this.#selects(ruleId))
      .map((problem) => ({ finding: place(problem, input.file, lines), lines: linesOf(problem, lines) }));
    const suppressions = suppressionsIn(lines);
    const used = new Set<Suppression>();
    const left = placed.filter(({ finding, lines: own }) => {
      const by = suppressions.find(
        ({ ruleIds, reason, targetLine }) =>
          reason !== "" &&
          ruleIds.includes(finding.ruleId) &&
          (targetLine === undefined || own.includes(targetLine)),
      );
      if (by !== undefined) used.add(by);
      return by === undefined;
    });
    const findings = [
      ...left.map(({ finding }) => finding),
      ...this.#aboutSuppressions(suppressions, used, { file: input.file, lines }),
    ];
    return {
      findings: findings.sort((one, other) => one.line - other.line || one.column - other.column),
      suppressed: placed.length - left.length,
    };
  }

  #aboutSuppressions(
    suppressions: readonly Suppression[],
    used: ReadonlySet<Suppression>,
    at: { readonly file: string; readonly lines: Lines },
  ): Finding[] {
    return suppressions.flatMap((suppression) => {
      if (suppression.reason === "" || suppression.ruleIds.length === 0) {
        const message = "the comment names no rule with a reason, so it puts nothing aside";
        return this.#commentFinding("suppression-without-reason", message, suppression, at);
      }
      // A rule that was not asked for may well be found another time.
      if (used.has(suppression) || !suppression.ruleIds.every(this.#selects)) return [];
      const message = `nothing to put aside here for ${suppression.ruleIds.join(", ")}`;
      return this.#commentFinding("unused-suppression", message, suppression, at);
    });
  }

  #commentFinding(
    ruleId: string,
    message: string,
    { line, column, length }: Suppression,
    { file, lines }: { readonly file: string; readonly lines: Lines },
  ): Finding[] {
    if (!this.#selects(ruleId)) return [];
    const end = { endLine: line, endColumn: column + length };
    return [
      {
        ...aboutRule(ruleId),
        message,
        file,
        line,
        column,
        ...end,
        ...excerptAt(lines, line, column),
        isFixable: false,
      },
    ];
  }
}

/** @throws {UsageError} `asOf` names no date */
export function rulesInForce(asOf = "latest"): RuleSet {
  try {
    return rulesAsOf(serviceRules, asOf);
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  }
}

function place(problem: FoundProblem, file: string, lines: Lines): Finding {
  const { located, ruleId, message, isFixable } = problem;
  const [start, end] = [problem.start, Math.max(problem.end, problem.start)].map((offset) =>
    located.source.fileOffset(located.extent.start + offset),
  ) as [number, number];
  const { line, column } = lines.position(start);
  const { line: endLine, column: endColumn } = lines.position(Math.max(end, start));
  return {
    ...aboutRule(ruleId),
    message,
    file,
    line,
    column,
    endLine,
    endColumn,
    ...excerptAt(lines, line, column),
    isFixable,
  };
}

type AboutRule = Pick<
  Finding,
  "ruleId" | "severity" | "reason" | "remedy" | "source" | "mark" | "acceptedSince"
>;

function aboutRule(ruleId: string): AboutRule {
  const { severity, reason, remedy, source, mark, until } = ruleById(ruleId);
  return {
    ruleId,
    severity,
    reason,
    remedy,
    source,
    ...(mark !== undefined && { mark }),
    ...(until !== undefined && { acceptedSince: until }),
  };
}

/** Lines of programs that were made by programs may have megabytes. */
const excerptMax = 240;

function excerptAt(lines: Lines, line: number, column: number): Pick<Finding, "excerpt" | "excerptColumn"> {
  const text = lines.text(line);
  const from = text.length <= excerptMax ? 0 : Math.max(0, column - 1 - excerptMax / 2);
  return { excerpt: text.slice(from, from + excerptMax), excerptColumn: from + 1 };
}

/** The lines whose comment before speaks of the problem: its own, its statement's, and that of the program around it. */
function linesOf({ located, start }: FoundProblem, lines: Lines): number[] {
  const { source, extent } = located;
  const offsets = [source.fileOffset(extent.start + start), source.fileOffset(extent.start)];
  if (source.anchor !== undefined) offsets.push(source.anchor);
  return offsets.map((offset) => lines.position(offset).line);
}
