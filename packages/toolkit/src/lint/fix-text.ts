/**
 * Rewrites what has one right answer: applies the fixes of a text, looks again, and goes on until none is left.
 *
 * Tests: fix/fix.test.ts; test/lint-migrations.test.ts runs what comes out on a cluster.
 */
import type { RuleSet } from "@dsql-local/spec";
import { applyEdits, type TextEdit } from "@dsql-local/sql";
import { createSelection, type Selects } from "./check/catalogue.ts";
import { blockFixes } from "./fix/blocks.ts";
import { foldsOf } from "./fix/fold.ts";
import { fixesOf, type RuleFix, withoutOverlaps } from "./fix/fixers.ts";
import { editsInFile } from "./fix/in-file.ts";
import { rulesInForce } from "./lint.ts";
import { fileKind, loadReader, type ReadSources, UnreadableFileError } from "./read/file.ts";
import { loadParser, type ParseStatement } from "./read/parser.ts";
import { type LocatedStatement, statementsOf } from "./read/statements.ts";
import { Lines } from "./report/lines.ts";
import { suppressionsIn } from "./report/suppressions.ts";
import type { LintInput, LintOptions } from "./types.ts";

/** One thing that was rewritten. */
export interface Change {
  readonly ruleId: string;
  /** 1-based, in the text as it was when this was changed. */
  readonly line: number;
  /** `inserts ASYNC`. */
  readonly what: string;
  /** What the application, or whoever runs the statement, must know; missing when the meaning stays the same. */
  readonly warning?: string;
}

/** A text after its fixes. */
export interface FixResult {
  readonly text: string;
  /** Empty when the text is as it was. */
  readonly changes: readonly Change[];
}

/** A fix makes at most a few others possible; a text that changes longer than this is a defect of ours. */
const passesMax = 25;

/**
 * @returns the text with every fix applied that has one right answer; a file that cannot be read comes back as it was
 * @throws {UsageError} an option says what there is not
 */
export async function fixText(input: LintInput, options: LintOptions = {}): Promise<FixResult> {
  const fixer = new TextFixer(
    options,
    await loadParser(),
    await loadReader(new Set([fileKind(input.file) ?? "sql"])),
  );
  return fixer.fix(input);
}

class TextFixer {
  readonly #ruleSet: RuleSet;
  readonly #selects: Selects;
  readonly #parse: ParseStatement;
  readonly #read: ReadSources;

  constructor(options: LintOptions, parse: ParseStatement, read: ReadSources) {
    this.#ruleSet = rulesInForce(options.asOf);
    this.#selects = createSelection(options);
    this.#parse = parse;
    this.#read = read;
  }

  fix(input: LintInput): FixResult {
    let { text } = input;
    const changes: Change[] = [];
    for (let pass = 0; pass < passesMax; pass += 1) {
      const { edits, made } = this.#pass({ ...input, text });
      if (edits.length === 0) break;
      text = applyEdits(text, edits.map(inLinesOf(text)));
      changes.push(...made);
    }
    return { text, changes };
  }

  #pass(input: LintInput): { edits: TextEdit[]; made: Change[] } {
    const lines = new Lines(input.text);
    const statements = this.#statements(input);
    const isLeftAlone = leftAlone(lines);
    const edits: TextEdit[] = [];
    const made: Change[] = [];
    const folds = this.#folds(statements, { lines, isLeftAlone });
    // What a fold moves must not be rewritten where it stands.
    if (folds.edits.length > 0) return folds;
    for (const located of statements) {
      const start = located.source.fileOffset(located.extent.start);
      for (const { fix, fileEdits } of this.#fixesOf(located, isLeftAlone)) {
        edits.push(...fileEdits);
        made.push(change(fix, lines.position(fileEdits[0]?.start ?? start).line));
      }
    }
    return edits.length > 0 ? { edits, made } : this.#blocks(statements, lines);
  }

  #statements({ file, text, hasDrizzleJournal = false }: LintInput): LocatedStatement[] {
    try {
      const sources = this.#read({ path: file.replaceAll("\\", "/"), text, hasDrizzleJournal });
      return sources.flatMap((source) => statementsOf(source, this.#parse));
    } catch (error) {
      if (error instanceof UnreadableFileError) return [];
      throw error;
    }
  }

  #fixesOf(located: LocatedStatement, isLeftAlone: IsLeftAlone): { fix: RuleFix; fileEdits: TextEdit[] }[] {
    if (located.statement === undefined) return [];
    const possible = fixesOf(located.statement, this.#ruleSet).filter(
      ({ ruleId }) => this.#selects(ruleId) && !isLeftAlone(located, ruleId),
    );
    return withoutOverlaps(possible).flatMap((fix) => {
      const fileEdits = editsInFile(fix, located);
      return fileEdits === undefined ? [] : [{ fix, fileEdits }];
    });
  }

  #folds(
    statements: readonly LocatedStatement[],
    { lines, isLeftAlone }: { lines: Lines; isLeftAlone: IsLeftAlone },
  ): { edits: TextEdit[]; made: Change[] } {
    const folds = foldsOf(statements).filter(
      ({ ruleId, located }) => this.#selects(ruleId) && !isLeftAlone(located, ruleId),
    );
    return {
      edits: folds.flatMap(({ edits }) => edits),
      made: folds.map(({ ruleId, located, what, warning }) => ({
        ...{ ruleId, what, line: lines.position(located.extent.start).line },
        ...(warning !== undefined && { warning }),
      })),
    };
  }

  /** Blocks are taken apart last, when their statements are what they will be. */
  #blocks(statements: readonly LocatedStatement[], lines: Lines): { edits: TextEdit[]; made: Change[] } {
    const inFile = statements.filter(({ source }) => source.separator !== undefined);
    const fixes = blockFixes(inFile).filter(({ ruleId }) => this.#selects(ruleId));
    return {
      edits: fixes.flatMap(({ edits }) => edits),
      made: fixes.map(({ ruleId, what, warning, start }) => ({
        ruleId,
        what,
        warning,
        line: lines.position(start).line,
      })),
    };
  }
}

/** Writes the line ends of a text as it has its own. */
function inLinesOf(text: string): (edit: TextEdit) => TextEdit {
  if (!text.includes("\r\n")) return (edit) => edit;
  return (edit) => ({ ...edit, text: edit.text.replaceAll(/\r?\n/g, "\r\n") });
}

/** Whether a comment puts findings of a rule about the statement aside. */
type IsLeftAlone = (located: LocatedStatement, ruleId: string) => boolean;

function leftAlone(lines: Lines): IsLeftAlone {
  const suppressions = suppressionsIn(lines).filter(({ reason }) => reason !== "");
  return ({ source, extent }, ruleId) => {
    const start = source.fileOffset(extent.start);
    const own = [lines.position(start).line, lines.position(source.anchor ?? start).line];
    return suppressions.some(
      ({ ruleIds, targetLine }) =>
        ruleIds.includes(ruleId) && (targetLine === undefined || own.includes(targetLine)),
    );
  };
}

function change({ ruleId, what, warning }: RuleFix, line: number): Change {
  return { ruleId, line, what, ...(warning !== undefined && { warning }) };
}
