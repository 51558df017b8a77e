/**
 * The statements that DSQL's grammar has and PostgreSQL's lacks:
 *
 *   CREATE [UNIQUE] INDEX ASYNC …
 *   ALTER TABLE ASYNC … VALIDATE CONSTRAINT c
 *   AWS IAM GRANT role TO 'arn'
 *   AWS IAM REVOKE role FROM 'arn'
 *
 * Their own words are overwritten with spaces, so PostgreSQL's parser judges all the rest, every offset stays what it was,
 * and one parse does for a source that mixes these forms with others. ASYNC is a reserved word in DSQL: wherever else it
 * stands unquoted PostgreSQL's parser is shown a reserved word of the same length instead, and complains at the right place.
 *
 * Source: https://github.com/awslabs/aurora-dsql-tools, dsql-lint/grammar (derived from a live cluster).
 * Tests: dsql-forms.test.ts.
 */
import { errors } from "@dsql-local/spec";
import {
  characterOffset,
  countCharacters,
  type Lexeme,
  overwrite,
  scanStatements,
  type StatementExtent,
} from "@dsql-local/sql";
import { SqlError } from "../base/index.ts";
import { parseTree } from "./postgres-parser.ts";
import { as, stringOf } from "./tree.ts";

export interface IamStatement {
  readonly kind: "iamGrant" | "iamRevoke";
  readonly role: string;
  readonly arn: string;
  readonly start: number;
  readonly end: number;
}

export interface DsqlForms {
  /** The source as PostgreSQL can parse it, offsets unchanged. */
  readonly text: string;
  /** @returns where ASYNC was taken out of the statement between these offsets */
  asyncWithin(start: number, end: number): number | undefined;
  readonly iamStatements: readonly IamStatement[];
}

/** Cheap and sure for the sources that hold none of the forms; the lexer decides about the others. */
const mayHoldForms = /\b(async|aws)\b/i;

/** @throws {SqlError} 42601 for a malformed AWS IAM statement and for ASYNC as a name */
export function findDsqlForms(source: string): DsqlForms | undefined {
  if (!mayHoldForms.test(source)) return undefined;
  const { words, iam, reserved } = locate(source);
  const iamStatements = iam.map((head) => iamStatement(source, head));
  const text = overwrite(source, [...words, ...iamStatements], "");
  if (reserved.length > 0) refuseReservedWord(source, text, reserved);
  return {
    text,
    asyncWithin(start, end) {
      const found = words[firstFrom(words, start)]?.start;
      return found !== undefined && found < end ? found : undefined;
    },
    iamStatements,
  };
}

/** @returns the index of the first lexeme that starts at `offset` or later: a source may hold thousands of the forms */
function firstFrom(lexemes: readonly Lexeme[], offset: number): number {
  let low = 0;
  let high = lexemes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((lexemes[middle]?.start ?? offset) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

interface Located {
  /** ASYNC as part of a form. */
  readonly words: readonly Lexeme[];
  readonly iam: readonly StatementExtent[];
  /** ASYNC anywhere else. */
  readonly reserved: readonly Lexeme[];
}

function locate(source: string): Located {
  const words: Lexeme[] = [];
  const iam: StatementExtent[] = [];
  const reserved: Lexeme[] = [];
  scanStatements(source, (extent) => {
    if (extent.asyncWord !== undefined) words.push(extent.asyncWord);
    if (extent.isIam) iam.push(extent);
    for (const lexeme of extent.reserved) reserved.push(lexeme);
  });
  return { words, iam, reserved };
}

/** Long names need not be looked at: no keyword asked for here has more than 9 letters. */
function upperWord(source: string, lexeme: Lexeme | undefined): string {
  if (lexeme?.kind !== "word" || lexeme.end - lexeme.start > 9) return "";
  return source.slice(lexeme.start, lexeme.end).toUpperCase();
}

function iamStatement(source: string, { head, semicolon }: StatementExtent): IamStatement {
  const [aws, , verb, role, preposition, arn, extra] = head;
  const refuse = (near: Lexeme | undefined): SqlError => syntaxErrorAt(source, near ?? semicolon);
  const isGrant = upperWord(source, verb) === "GRANT";
  const isRevoke = upperWord(source, verb) === "REVOKE";
  if (aws === undefined || !(isGrant || isRevoke)) throw refuse(verb);
  if (role?.kind !== "word" && role?.kind !== "quotedName") throw refuse(role);
  if (upperWord(source, preposition) !== (isGrant ? "TO" : "FROM")) throw refuse(preposition);
  if (arn?.kind !== "string") throw refuse(arn);
  if (extra !== undefined) throw refuse(extra);
  const kind = isGrant ? "iamGrant" : "iamRevoke";
  return { kind, ...roleAndArn(source, role, arn), start: aws.start, end: arn.end };
}

/** Lets PostgreSQL unfold the name and unescape the string, by a statement of its own with the same two pieces. */
function roleAndArn(
  source: string,
  role: Lexeme,
  arn: Lexeme,
): { readonly role: string; readonly arn: string } {
  const pieces = [role, arn].map(({ start, end }) => source.slice(start, end)) as [string, string];
  try {
    const [comment] = parseTree(`COMMENT ON ROLE ${pieces[0]} IS ${pieces[1]}`);
    const fields = as(comment?.stmt, "CommentStmt");
    return { role: stringOf(fields?.object) ?? "", arn: fields?.comment ?? "" };
  } catch (error) {
    // A reserved word as the role, or a string that does not end.
    if (!(error instanceof SqlError)) throw error;
    const isArn = error.position !== undefined && error.position > `COMMENT ON ROLE ${pieces[0]}`.length;
    const position = countCharacters(source, (isArn ? arn : role).start) + 1;
    throw new SqlError({ sqlstate: error.sqlstate, message: error.message, position }, { cause: error });
  }
}

/** @param near - undefined: the source ended too early */
export function syntaxErrorAt(source: string, near: Lexeme | undefined): SqlError {
  const position = countCharacters(source, near?.start ?? source.length) + 1;
  if (near === undefined) return SqlError.of(errors.syntaxErrorAtEnd, { position });
  return SqlError.of(errors.syntaxErrorNear(source.slice(near.start, near.end)), { position });
}

/** PostgreSQL's one reserved word of five letters that may be a bare output label, as ASYNC may, and fits nowhere else. */
const standIn = "USING";

function refuseReservedWord(source: string, text: string, reserved: readonly Lexeme[]): void {
  try {
    parseTree(overwrite(text, reserved, standIn));
  } catch (error) {
    const position = error instanceof SqlError ? error.position : undefined;
    const offset = position === undefined ? -1 : characterOffset(source, position - 1);
    const blamed = reserved.find(({ start }) => start === offset);
    throw blamed === undefined ? error : syntaxErrorAt(source, blamed);
  }
}
