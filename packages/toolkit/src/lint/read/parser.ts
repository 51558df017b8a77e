/**
 * PostgreSQL's own parser (`libpg-query`, WebAssembly), loaded when it is first asked for: an application that imports the
 * toolkit for its pool never pays for it.
 *
 * Tests: statement.test.ts.
 */
import { characterOffset } from "@dsql-local/sql";

export const tooDeep = "the statement is nested too deeply to be read";

/** Thrown by a parser for a text that is not one of PostgreSQL's statements. */
export class SyntaxProblem extends Error {
  /** UTF-16 offset in the text; its length when the text ends too early. */
  readonly offset: number;

  constructor(message: string, offset: number, cause?: unknown) {
    super(message, { cause });
    this.name = "SyntaxProblem";
    this.offset = offset;
  }
}

/**
 * @returns the node of the only statement in the text; undefined when there is none
 * @throws {SyntaxProblem} it is no statement, or nested too deeply to be read
 */
export type ParseStatement = (text: string) => unknown;

type Library = Pick<typeof import("libpg-query"), "parseSync" | "hasSqlDetails">;

let loading: Promise<Library> | undefined;

export async function loadParser(): Promise<ParseStatement> {
  loading ??= import("libpg-query").then(async (library) => {
    await library.loadModule();
    return library;
  });
  const library = await loading;
  return (text) => parseWith(library, text);
}

function parseWith(library: Library, text: string): unknown {
  if (text.trim() === "") return undefined;
  // PostgreSQL's strings end at the first such byte: the rest would go unread.
  const nul = text.indexOf("\0");
  if (nul >= 0) throw new SyntaxProblem("the text holds a byte 0x00", nul);
  try {
    const { stmts } = library.parseSync(text) as { stmts?: readonly { readonly stmt: unknown }[] };
    return stmts?.[0]?.stmt;
  } catch (error) {
    if (library.hasSqlDetails(error)) {
      const { message, cursorPosition } = error.sqlDetails;
      const isAtEnd = / at end of input$/.test(message);
      throw new SyntaxProblem(message, isAtEnd ? text.length : characterOffset(text, cursorPosition), error);
    }
    // WebAssembly's stack, or ours, for a few thousand nested parentheses.
    throw new SyntaxProblem(tooDeep, 0, error);
  }
}
