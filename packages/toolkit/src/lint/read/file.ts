/** From a file's text to the SQL in it. */
import { loadProgramParser, type ParseProgram, sqlInProgram } from "./code.ts";
import { type FileContext, toolOfSqlFile } from "./migration-tool.ts";
import type { SqlSource } from "./source.ts";
import { sqlFileSource } from "./sql-file.ts";

export type FileKind = "sql" | "program";

/** @returns undefined for a file that the lint does not read */
export function fileKind(path: string): FileKind | undefined {
  if (/\.sql$/i.test(path)) return "sql";
  return /(?<!\.d)\.[cm]?[jt]sx?$/.test(path) && !/\.min\.js$/.test(path) ? "program" : undefined;
}

export class UnreadableFileError extends Error {
  override readonly name = "UnreadableFileError";
}

export type ReadSources = (file: FileContext & { readonly text: string }) => readonly SqlSource[];

/** @param kinds - parsers are loaded for these only */
export async function loadReader(kinds: ReadonlySet<FileKind>): Promise<ReadSources> {
  const parseProgram = kinds.has("program") ? await loadProgramParser() : undefined;
  return ({ text, ...context }) => {
    if (fileKind(context.path) === "program" && parseProgram !== undefined) {
      return programSources(text, context.path, parseProgram);
    }
    return [sqlFileSource(text, toolOfSqlFile(text, context))];
  };
}

/** @throws {UnreadableFileError} it is no program */
function programSources(text: string, path: string, parse: ParseProgram): readonly SqlSource[] {
  try {
    return sqlInProgram(parse(text, path), text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UnreadableFileError(`it is not TypeScript or JavaScript: ${error.message}`, { cause: error });
  }
}
