/** Lints and fixes files where they are. Tests: test/lint-files.test.ts. */
import { chmod, rename, rm, stat, writeFile } from "node:fs/promises";
import { type Change, fixText } from "./fix-text.ts";
import { lintTexts } from "./lint.ts";
import { findFiles } from "./read/find-files.ts";
import type { LintInput, LintOptions, LintReport } from "./types.ts";

/**
 * @param paths - files and folders; folders are searched for SQL files, TypeScript and JavaScript
 * @returns also the files that cannot be read, each with the reason
 * @throws {UsageError} an option says what there is not
 */
export async function lint(paths: readonly string[], options: LintOptions = {}): Promise<LintReport> {
  const { inputs, unreadable } = await findFiles(paths);
  const report = await lintTexts(inputs, options);
  const failed = unreadable.map(({ file, reason }) => ({ file, statements: 0, unreadable: reason }));
  return { ...report, files: [...report.files, ...failed] };
}

/** A file that `fixFiles()` changed, or would change. */
export interface FixedFile {
  readonly file: string;
  readonly changes: readonly Change[];
  /** A unified diff, as `git apply` and `patch` take it. */
  readonly diff: string;
  /** What the file holds now, or would hold. */
  readonly text: string;
}

/** For `fixFiles()`: which rules, and whether to write. */
export interface FixFilesOptions extends LintOptions {
  /** Leaves the files as they are. */
  readonly isDryRun?: boolean;
}

/**
 * Applies every fix that has one right answer.
 *
 * @returns the files that changed, or would change
 * @throws {UsageError} an option says what there is not
 */
export async function fixFiles(
  paths: readonly string[],
  options: FixFilesOptions = {},
): Promise<FixedFile[]> {
  const { inputs } = await findFiles(paths);
  const fixed: FixedFile[] = [];
  for (const input of inputs) {
    const file = await fixInput(input, options);
    if (file === undefined) continue;
    if (options.isDryRun !== true) await replaceFile(file.file, file.text);
    fixed.push(file);
  }
  return fixed;
}

/** @returns undefined when there is nothing to fix */
export async function fixInput(input: LintInput, options: LintOptions = {}): Promise<FixedFile | undefined> {
  const { text, changes } = await fixText(input, options);
  if (changes.length === 0) return undefined;
  const name = input.file.replaceAll("\\", "/").replace(/^(\/|\.\/)+/, "");
  const { createTwoFilesPatch } = await import("diff");
  const patch = createTwoFilesPatch(`a/${name}`, `b/${name}`, input.text, text, undefined, undefined, {
    context: 2,
  });
  return { file: input.file, changes, text, diff: patch.replace(/^=+\n/, "") };
}

/** Whole or not at all: whoever reads the file meanwhile sees the one or the other. */
async function replaceFile(file: string, text: string): Promise<void> {
  const { mode } = await stat(file);
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, text, { mode });
    // What the user's umask has taken from it.
    await chmod(temporary, mode);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
