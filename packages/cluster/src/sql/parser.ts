/**
 * From a source, as a client sent it, to its statements: parsed by PostgreSQL, DSQL's own forms included, classified, and
 * checked against the rules in force at a date.
 *
 * Measured on a 2-core machine, 4,000 sources made distinct by a comment, warm: 21 microseconds for BEGIN, 26 for the
 * transfer's UPDATE, 31 for its INSERT, 146 for its CREATE TABLE; half of it is PostgreSQL's parser. A source seen before
 * costs one look-up: 0.01.
 *
 * Tests: parser.test.ts, refusals.test.ts.
 */
import { errors } from "@dsql-local/spec";
import { countCharacters, createTextMap, lex, scan, skipSpace, type TextMap } from "@dsql-local/sql";
import { defined, type LimitValues, SqlError } from "../base/index.ts";
import type { StatementText } from "./analyse.ts";
import { TextCache } from "./cache.ts";
import { type Check, createCheck, type Refusal } from "./check.ts";
import { classify } from "./classify.ts";
import { type DsqlForms, findDsqlForms, type IamStatement, syntaxErrorAt } from "./dsql-forms.ts";
import { forPostgres } from "./for-postgres.ts";
import { refuseBody } from "./function-body.ts";
import { parseTree, type RawStatement } from "./postgres-parser.ts";
import { refuseHiddenRoles } from "./hidden-roles.ts";
import { showCatalogs, type ShownText } from "./shown-catalogs.ts";
import type { ParsedSource, SqlParser, Statement, StatementKind, Waiver } from "./statement.ts";
import { as, nodeType } from "./tree.ts";

export { loadParser } from "./postgres-parser.ts";

/** Longer sources are parsed each time: they are bulk loads, which do not come again. */
const cachedCharactersPerSourceMax = 64 * 1024;
/** Of sources and of their trees as JSON, which take about three bytes a character. */
const cachedCharactersMax = 16 * 1024 * 1024;
const cachedEntriesDefault = 4096;

/**
 * Lexemes of one source. A tree takes some 200 bytes for each, and nobody else is served while it is made: a message of
 * 10 MiB that is nothing but `,1` took 1.3 GB and half a minute. A string counts once, however long; 3,000 rows of 80 values stay below.
 */
const lexemesMax = 500_000;

/** What a parsed source takes in memory beyond its characters: its objects, about. */
const parsedOverheadBytes = 1_024;
const treeBytesPerCharacter = 3;

export interface SqlParserOptions {
  /** Date of the rule set: `2025-11`, `2026-06-08` or `latest`, the default. */
  readonly asOf?: string;
  /** Limits lower than the service's, by name. */
  readonly limits?: Partial<LimitValues>;
  /** How many sources are kept parsed; the least recently used half goes first. */
  readonly cacheEntriesMax?: number;
}

export function createSqlParser(options: SqlParserOptions = {}): SqlParser {
  const check = createCheck(options.asOf ?? "latest", options.limits);
  const cache = new TextCache<ParsedSource>({
    entriesMax: options.cacheEntriesMax ?? cachedEntriesDefault,
    charactersMax: cachedCharactersMax,
  });
  return {
    parse(source) {
      const known = cache.get(source);
      if (known !== undefined) return known;
      refuseTooMany(source);
      let characters = 0;
      const onSize = (more: number): void => void (characters += more);
      const statements = withinStack(() => parseStatements(source, check, { onSize }));
      const bytes = 2 * source.length + treeBytesPerCharacter * characters + parsedOverheadBytes;
      const parsed = { source, statements, bytes };
      if (source.length <= cachedCharactersPerSourceMax)
        cache.set(source, parsed, source.length + characters);
      return parsed;
    },
    refuseColumnType: (type) => check.columnType(type),
    refuseKeyType: (type) => check.keyType(type),
  };
}

/** @throws {SqlError} 54001 the source has more than `lexemesMax` lexemes */
function refuseTooMany(source: string): void {
  if (source.length <= lexemesMax) return;
  let lexemes = 0;
  scan(source, () => {
    lexemes += 1;
    if (lexemes > lexemesMax) throw new SqlError(tooManyLexemes);
  });
}

const tooManyLexemes = {
  sqlstate: "54001",
  message: `a query has at most ${lexemesMax} words, numbers and signs`,
  hint: "Split it into several queries, or send values as parameters or by COPY.",
};

/** A tree that PostgreSQL's parser could still make may be too deep to be walked here. */
function withinStack<Result>(run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    throw error instanceof RangeError ? SqlError.of(errors.stackDepth) : error;
  }
}

interface ParseOptions {
  /** The source is a function's body: a function that it makes is refused, whatever stands in that one's. */
  readonly isBody?: boolean;
  /** Hears how many characters the source's tree has as JSON. */
  readonly onSize?: (characters: number) => void;
}

function parseStatements(source: string, check: Check, options: ParseOptions = {}): readonly Statement[] {
  const { isBody = false, onSize } = options;
  const forms = findDsqlForms(source);
  const map = createTextMap(forms?.text ?? source);
  const statements = parseTree(map.text, onSize).map((raw) =>
    createStatement(raw, { source, map, forms, check, isBody }),
  );
  if (forms === undefined || forms.iamStatements.length === 0) return statements;
  const iamStatements = forms.iamStatements.map((statement) => createIamStatement(statement, source));
  return [...statements, ...iamStatements].sort((left, right) => left.offset - right.offset);
}

interface Surroundings {
  readonly source: string;
  readonly map: TextMap;
  readonly forms: DsqlForms | undefined;
  readonly check: Check;
  readonly isBody: boolean;
}

function createStatement(raw: RawStatement, surroundings: Surroundings): Statement {
  const { source, map, forms, check, isBody } = surroundings;
  const location = raw.stmt_location ?? 0;
  // PostgreSQL's extent begins after the previous semicolon and, for the last statement, may have no end.
  const start = skipSpace(map.text, map.fromByte(location));
  const end = raw.stmt_len === undefined ? map.text.length : map.fromByte(location + raw.stmt_len);
  const text = map.text.slice(start, end).trimEnd();
  const statement: StatementText = { text, offsetOf: (byte) => map.fromByte(byte ?? 0) - start };
  const asyncAt = forms?.asyncWithin(start, end);
  const isAsync = asyncAt !== undefined;
  if (isAsync) requireOnlyValidate(raw, statement, { source, start });
  refuseHiddenRoles(raw.stmt, text);
  const kind = classify(raw.stmt, statement, isAsync ? asyncAt - start : undefined);
  const refused =
    check.statement({ node: raw.stmt, text, isAsync, isBody }) ??
    (isBody ? undefined : refuseBody(raw.stmt, (body) => parseStatements(body, check, { isBody: true })));
  const unless =
    refused && waiver(refused, () => check.statement({ node: raw.stmt, text, isAsync: true, isBody }));
  const shown = refused === undefined ? showCatalogs(kind, statement) : undefined;
  if (shown !== undefined) return createShownStatement(shown, { source, offset: start });
  const { text: sent, originalPosition } = forPostgres(raw.stmt, statement);
  const assembled = assemble(kind, { text: sent, source, offset: start, refused, unless });
  return originalPosition === undefined ? assembled : withPositions(assembled, originalPosition);
}

/** `disable_sync_create_index` off permits an index without ASYNC; what else the rules say of it holds all the same. */
function waiver(refused: Refusal, withAsync: () => Refusal | undefined): Waiver | undefined {
  if (refused.ruleId !== "index-without-async") return undefined;
  return { setting: "disable_sync_create_index", refusal: withAsync()?.fields };
}

/** A statement over PostgreSQL's catalogs, with the views that clients see in their place. */
function createShownStatement(shown: ShownText, place: { source: string; offset: number }): Statement {
  const map = createTextMap(shown.text);
  const [raw] = parseTree(shown.text);
  const statement = { text: shown.text, offsetOf: (byte?: number) => map.fromByte(byte ?? 0) };
  const kind = classify(defined(raw, "a statement stays one").stmt, statement);
  const assembled = assemble(kind, { ...place, text: shown.text, refused: undefined });
  return withPositions(assembled, (position) => shown.originalPosition(position));
}

/** What PostgreSQL is sent is longer than what the client has written. */
function withPositions(assembled: Statement, original: (position: number) => number): Statement {
  const positionInSource = (position: number): number => assembled.positionInSource(original(position));
  return { ...assembled, positionInSource };
}

function createIamStatement(statement: IamStatement, source: string): Statement {
  const { kind, role, arn, start, end } = statement;
  const text = source.slice(start, end);
  return assemble({ kind, role, arn }, { text, source, offset: start });
}

interface Parts {
  readonly text: string;
  readonly source: string;
  readonly offset: number;
  readonly refused?: Refusal | undefined;
  readonly unless?: Waiver | undefined;
}

function assemble(kind: StatementKind, { text, source, offset, refused, unless }: Parts): Statement {
  let charactersBefore: number | undefined;
  return {
    ...kind,
    text,
    offset,
    positionInSource(position) {
      charactersBefore ??= countCharacters(source, offset);
      return position + charactersBefore;
    },
    ...(refused !== undefined && { refusal: refused.fields, refusedBy: refused.ruleId }),
    ...(unless !== undefined && { unless }),
  };
}

/** DSQL's grammar has one action for ALTER TABLE ASYNC: `VALIDATE CONSTRAINT name`, alone. */
function requireOnlyValidate(
  raw: RawStatement,
  statement: StatementText,
  { source, start }: { readonly source: string; readonly start: number },
): void {
  if (nodeType(raw.stmt) === "IndexStmt") return;
  const cmds = as(raw.stmt, "AlterTableStmt")?.cmds ?? [];
  if (cmds.length === 1 && as(cmds[0], "AlterTableCmd")?.subtype === "AT_ValidateConstraint") return;
  const blamed = firstForeignWord(statement.text);
  throw syntaxErrorAt(source, blamed && { ...blamed, start: blamed.start + start, end: blamed.end + start });
}

/** @returns the first lexeme after `ALTER TABLE [IF EXISTS] [ONLY] name [*]` that is not `VALIDATE CONSTRAINT name` */
function firstForeignWord(text: string): ReturnType<typeof lex>[number] | undefined {
  const lexemes = lex(text);
  const word = (index: number): string => {
    const lexeme = lexemes[index];
    return lexeme === undefined ? "" : text.slice(lexeme.start, lexeme.end).toUpperCase();
  };
  let at = 2;
  if (word(at) === "IF") at += 2;
  if (word(at) === "ONLY") at += 1;
  at += 1;
  while (word(at) === ".") at += 2;
  if (word(at) === "*") at += 1;
  return lexemes[word(at) === "VALIDATE" ? at + 3 : at];
}
