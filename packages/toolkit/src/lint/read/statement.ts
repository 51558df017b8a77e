/**
 * A statement as the checks see it: PostgreSQL's parse tree, DSQL's own forms included, its kind and its lexemes.
 *
 * Which words are DSQL's is decided where the cluster decides it (`scanStatements` in spec), so that the two agree.
 *
 * Tests: statement.test.ts; test/lint-agreement.test.ts.
 */
import { createSubject, type Subject, unwrap } from "@dsql-local/spec";
import {
  createTextMap,
  lex,
  type Lexeme,
  overwrite,
  scanStatements,
  type StatementExtent,
  type TextMap,
} from "@dsql-local/sql";
import { kindOf, type StatementKind } from "./kind.ts";
import { type ParseStatement, SyntaxProblem, tooDeep } from "./parser.ts";

/** A statement as the rules see it: its kind, its parse tree, its words. */
export interface ParsedStatement {
  readonly text: string;
  readonly kind: StatementKind;
  /** Whether DSQL's ASYNC was written. */
  readonly isAsync: boolean;
  /** What the rules are held against. Its `type` is empty for AWS IAM GRANT and REVOKE. */
  readonly subject: Subject;
  /** Cut when first asked for. */
  readonly lexemes: readonly Lexeme[];
  /** @param byte - a node's `location`, which counts UTF-8 bytes. @returns the UTF-16 offset in `text` */
  offsetOf(byte: number): number;
}

/**
 * @param text - one statement, without its semicolon
 * @throws {SyntaxProblem} it is not one of DSQL's statements
 */
export function parseStatement(text: string, parse: ParseStatement): ParsedStatement {
  const extent = onlyStatement(text);
  const isAsync = extent.asyncWord !== undefined;
  if (extent.isIam) requireIamForm(text, extent);
  const node = extent.isIam ? undefined : parseNode(text, extent, parse);
  try {
    return new Statement(text, isAsync, node);
  } catch (error) {
    // A tree that PostgreSQL's parser could still make may be too deep to be walked here.
    if (error instanceof RangeError) throw new SyntaxProblem(tooDeep, 0, error);
    throw error;
  }
}

function parseNode(text: string, { asyncWord, reserved }: StatementExtent, parse: ParseStatement): unknown {
  const plain = asyncWord === undefined ? text : overwrite(text, [asyncWord], "");
  refuseReservedWord(plain, reserved, parse);
  const node = parse(plain);
  if (asyncWord !== undefined) requireAsyncForm(node, asyncWord);
  return node;
}

class Statement implements ParsedStatement {
  readonly text: string;
  readonly kind: StatementKind;
  readonly isAsync: boolean;
  readonly subject: Subject;
  #lexemes: readonly Lexeme[] | undefined;
  #map: TextMap | undefined;

  constructor(text: string, isAsync: boolean, node: unknown) {
    this.text = text;
    this.isAsync = isAsync;
    this.kind = kindOf(node);
    this.subject = createSubject(node, { isAsync, writes: (keyword) => this.#writes(keyword) });
  }

  get lexemes(): readonly Lexeme[] {
    this.#lexemes ??= lex(this.text);
    return this.#lexemes;
  }

  offsetOf(byte: number): number {
    this.#map ??= createTextMap(this.text);
    return this.#map.fromByte(byte);
  }

  #writes(keyword: string): boolean {
    return this.lexemes.some(
      ({ kind, depth, start, end }) =>
        kind === "word" && depth === 0 && this.text.slice(start, end).toUpperCase() === keyword,
    );
  }
}

/** A text of several statements is cut before it comes here; the first one stands for it. */
function onlyStatement(text: string): StatementExtent {
  let first: StatementExtent | undefined;
  scanStatements(text, (extent) => {
    first ??= extent;
  });
  if (first === undefined) throw new SyntaxProblem("there is no statement", 0);
  return first;
}

const iamForm = /^AWS\s+IAM\s+(GRANT\s+\S+\s+TO|REVOKE\s+\S+\s+FROM)\s+'[^']+'$/i;

function requireIamForm(text: string, { head, start, end }: StatementExtent): void {
  const words = head.map((lexeme) => text.slice(lexeme.start, lexeme.end)).join(" ");
  if (iamForm.test(words) && head.length === 6) return;
  throw new SyntaxProblem(
    "AWS IAM takes GRANT role TO 'arn' or REVOKE role FROM 'arn', and nothing else",
    head[2]?.start ?? Math.min(start, end),
  );
}

/** DSQL's grammar has one action for ALTER TABLE ASYNC: `VALIDATE CONSTRAINT name`, alone. */
function requireAsyncForm(node: unknown, asyncWord: Lexeme): void {
  const { type, fields } = unwrap(node) ?? { type: "", fields: {} };
  if (type !== "AlterTableStmt") return;
  const actions = Array.isArray(fields["cmds"]) ? (fields["cmds"] as readonly unknown[]) : [];
  const isValidation = unwrap(actions[0])?.fields["subtype"] === "AT_ValidateConstraint";
  if (actions.length === 1 && isValidation) return;
  throw new SyntaxProblem("ALTER TABLE ASYNC takes VALIDATE CONSTRAINT, alone", asyncWord.start);
}

/** PostgreSQL's one reserved word of five letters that may be a bare output label, as ASYNC may, and fits nowhere else. */
const standIn = "USING";

function refuseReservedWord(text: string, reserved: readonly Lexeme[], parse: ParseStatement): void {
  if (reserved.length === 0) return;
  try {
    parse(overwrite(text, reserved, standIn));
  } catch (error) {
    const blamed = reserved.find(({ start }) => error instanceof SyntaxProblem && error.offset === start);
    if (blamed === undefined) throw error;
    const word = text.slice(blamed.start, blamed.end);
    throw new SyntaxProblem(
      `syntax error at or near "${word}": ASYNC is a reserved word in Aurora DSQL; write it in double quotes to use it as a name`,
      blamed.start,
      error,
    );
  }
}
