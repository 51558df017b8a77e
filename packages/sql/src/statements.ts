/**
 * Where the statements of a source begin and end, and which of DSQL's own words they hold:
 *
 *   CREATE [UNIQUE] INDEX ASYNC …
 *   ALTER TABLE ASYNC …
 *   AWS IAM GRANT … | AWS IAM REVOKE …
 *
 * ASYNC is a reserved word in DSQL: wherever else it stands unquoted it is told apart as such.
 *
 * Source: https://github.com/awslabs/aurora-dsql-tools, dsql-lint/grammar (derived from a live cluster).
 * Tests: statements.test.ts; packages/cluster/src/sql/dsql-forms.test.ts.
 */
import { type Lexeme, scan } from "./lexer.ts";

/** One statement; offsets are UTF-16 indexes in the source. Empty statements are left out. */
export interface StatementExtent {
  /** Of its first lexeme: blanks and comments before it are not its own. */
  readonly start: number;
  /** After its last lexeme; the semicolon is not its own. */
  readonly end: number;
  readonly semicolon: Lexeme | undefined;
  /** Its first lexemes, at most seven: as many as AWS IAM GRANT role TO 'arn' has, and one that would be too many. */
  readonly head: readonly Lexeme[];
  readonly isIam: boolean;
  /** ASYNC as part of one of the forms. */
  readonly asyncWord: Lexeme | undefined;
  /** ASYNC anywhere else. */
  readonly reserved: readonly Lexeme[];
}

const headLengthMax = 7;

/** Hands each statement over instead of keeping it: a source may hold a million of them. */
export function scanStatements(source: string, visit: (statement: StatementExtent) => void): void {
  let current = new OpenStatement(source);
  const endStatement = (semicolon?: Lexeme): void => {
    const extent = current.close(semicolon);
    if (extent !== undefined) visit(extent);
    current = new OpenStatement(source);
  };
  scan(source, (lexeme) => {
    const isSemicolon = lexeme.depth === 0 && source[lexeme.start] === ";" && lexeme.kind === "punctuation";
    if (isSemicolon && !current.isInBody) endStatement(lexeme);
    else current.add(lexeme);
  });
  endStatement();
}

class OpenStatement {
  readonly #source: string;
  readonly #head: Lexeme[] = [];
  readonly #reserved: Lexeme[] = [];
  #asyncWord: Lexeme | undefined;
  #end = 0;
  /** How many BEGIN ATOMIC and CASE wait for their END. */
  #bodyDepth = 0;

  constructor(source: string) {
    this.#source = source;
  }

  /** Within the body of CREATE FUNCTION … BEGIN ATOMIC … END a semicolon ends no statement. */
  get isInBody(): boolean {
    return this.#bodyDepth > 0;
  }

  add(lexeme: Lexeme): void {
    const isInHead = this.#head.length < headLengthMax;
    if (isInHead) this.#head.push(lexeme);
    this.#end = lexeme.end;
    if (lexeme.kind !== "word") return;
    const word = upperWord(this.#source, lexeme);
    this.#bodyDepth += this.#bodyStep(word);
    if (word !== "ASYNC") return;
    if (isInHead && /^(CREATE (UNIQUE )?INDEX|ALTER TABLE) ASYNC$/.test(this.#headWords())) {
      this.#asyncWord = lexeme;
    } else this.#reserved.push(lexeme);
  }

  close(semicolon: Lexeme | undefined): StatementExtent | undefined {
    const [first, second] = this.#head;
    if (first === undefined) return undefined;
    return {
      start: first.start,
      end: this.#end,
      semicolon,
      head: this.#head,
      isIam: upperWord(this.#source, first) === "AWS" && upperWord(this.#source, second) === "IAM",
      asyncWord: this.#asyncWord,
      reserved: this.#reserved,
    };
  }

  #headWords(): string {
    return this.#head.map((lexeme) => upperWord(this.#source, lexeme)).join(" ");
  }

  #bodyStep(word: string): number {
    const [first, second, , fourth] = this.#head;
    if (upperWord(this.#source, first) !== "CREATE") return 0;
    const object = upperWord(this.#source, upperWord(this.#source, second) === "OR" ? fourth : second);
    if (object !== "FUNCTION" && object !== "PROCEDURE") return 0;
    if (word === "BEGIN") return 1;
    if (word === "CASE" && this.isInBody) return 1;
    return word === "END" && this.isInBody ? -1 : 0;
  }
}

/** Long names need not be looked at: no keyword asked for here has more than 9 letters. */
function upperWord(source: string, lexeme: Lexeme | undefined): string {
  if (lexeme?.kind !== "word" || lexeme.end - lexeme.start > 9) return "";
  return source.slice(lexeme.start, lexeme.end).toUpperCase();
}
