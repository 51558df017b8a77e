/**
 * Cuts SQL text into lexemes by PostgreSQL's lexical rules: where strings, comments, names and operators begin and end.
 *
 * PostgreSQL's parser gives a tree but hardly any extents, so whoever wants to cut a statement apart (DSQL's own words,
 * the pieces of a DML statement) finds the places here. Nothing is validated: an unterminated string runs to the end of
 * the text, and PostgreSQL's parser has the say about it.
 *
 * Linear in the length of the text; each character is looked at a bounded number of times.
 *
 * Source: PostgreSQL 16 documentation, "Lexical Structure".
 * Tests: packages/cluster/src/sql/lexer-agreement.test.ts, which also compares it with PostgreSQL's parser on random texts.
 */
export type LexemeKind =
  "word" | "quotedName" | "string" | "number" | "parameter" | "operator" | "punctuation";

/** `start` and `end` are UTF-16 offsets; `depth` counts the parentheses and brackets around the lexeme. */
export interface Lexeme {
  readonly kind: LexemeKind;
  readonly start: number;
  readonly end: number;
  readonly depth: number;
}

export function lex(text: string): Lexeme[] {
  const lexemes: Lexeme[] = [];
  scan(text, (lexeme) => {
    lexemes.push(lexeme);
  });
  return lexemes;
}

/** As `lex`, for texts of many megabytes: hands each lexeme over instead of keeping it. */
export function scan(text: string, visit: (lexeme: Lexeme) => void): void {
  let depth = 0;
  for (let at = skipSpace(text, 0); at < text.length;) {
    const c = text.charCodeAt(at);
    if (isCloser(c) && depth > 0) depth -= 1;
    const { kind, end } = lexemeAt(text, at, c);
    visit({ kind, start: at, end, depth });
    if (isOpener(c)) depth += 1;
    at = skipSpace(text, end);
  }
}

/** @returns the end of the qualified name (`a`, `a.b`, `"A" . b`) that starts at `start` */
export function qualifiedNameEnd(text: string, start: number): number {
  let end = lexemeAt(text, start, text.charCodeAt(start)).end;
  for (;;) {
    const dot = skipSpace(text, end);
    if (text.charCodeAt(dot) !== code.dot) return end;
    const next = skipSpace(text, dot + 1);
    if (next >= text.length) return end;
    const lexeme = lexemeAt(text, next, text.charCodeAt(next));
    if (lexeme.kind !== "word" && lexeme.kind !== "quotedName") return end;
    end = lexeme.end;
  }
}

/** @returns the first offset at or after `from` that is neither white space nor within a comment */
export function skipSpace(text: string, from: number): number {
  let at = from;
  for (;;) {
    const c = text.charCodeAt(at);
    if (isSpace(c)) at += 1;
    else if (c === code.minus && text.charCodeAt(at + 1) === code.minus) at = lineEnd(text, at + 2);
    else if (c === code.slash && text.charCodeAt(at + 1) === code.star) at = blockCommentEnd(text, at);
    else return at;
  }
}

const code = {
  quote: 0x27,
  doubleQuote: 0x22,
  dollar: 0x24,
  backslash: 0x5c,
  minus: 0x2d,
  plus: 0x2b,
  slash: 0x2f,
  star: 0x2a,
  dot: 0x2e,
  colon: 0x3a,
  ampersand: 0x26,
  underscore: 0x5f,
  newline: 0x0a,
  carriageReturn: 0x0d,
} as const;

const isSpace = (c: number): boolean => c === 0x20 || (c >= 0x09 && c <= 0x0d);
const isNewline = (c: number): boolean => c === code.newline || c === code.carriageReturn;
const isDigit = (c: number): boolean => c >= 0x30 && c <= 0x39;
// Every character outside ASCII may start a name: PostgreSQL looks at bytes, and all of theirs have the high bit set.
const isNameStart = (c: number): boolean =>
  (c >= 0x61 && c <= 0x7a) || (c >= 0x41 && c <= 0x5a) || c === code.underscore || c >= 0x80;
const isNamePart = (c: number): boolean => isNameStart(c) || isDigit(c) || c === code.dollar;
const isOpener = (c: number): boolean => c === 0x28 || c === 0x5b;
const isCloser = (c: number): boolean => c === 0x29 || c === 0x5d;

const operatorCharacters = new Set([..."~!@#^&|`?+-*/%<>="].map((character) => character.charCodeAt(0)));
/** An operator may end in + or - only when it holds one of these. Source: PostgreSQL, "Operators". */
const trailingSignAllowedBy = /[~!@#^&|`?%]/;

interface Extent {
  readonly kind: LexemeKind;
  readonly end: number;
}

function lexemeAt(text: string, at: number, c: number): Extent {
  if (c === code.quote) return { kind: "string", end: stringEnd(text, at, false) };
  if (c === code.doubleQuote) return { kind: "quotedName", end: quotedNameEnd(text, at) };
  if (isNameStart(c)) return prefixedLiteral(text, at, c) ?? { kind: "word", end: nameEnd(text, at) };
  if (isDigit(c) || (c === code.dot && isDigit(text.charCodeAt(at + 1)))) {
    return { kind: "number", end: numberEnd(text, at) };
  }
  if (c === code.dollar) return dollarLexeme(text, at);
  if (operatorCharacters.has(c)) return { kind: "operator", end: operatorEnd(text, at) };
  // `::`, `:=` and `..` are one lexeme each, as in PostgreSQL.
  const next = text.charCodeAt(at + 1);
  if (c === code.colon && (next === code.colon || next === 0x3d)) return { kind: "punctuation", end: at + 2 };
  if (c === code.dot && next === code.dot) return { kind: "punctuation", end: at + 2 };
  return { kind: "punctuation", end: at + 1 };
}

/** E'…', B'…', X'…', N'…', U&'…' and U&"…"; undefined for a plain name. */
function prefixedLiteral(text: string, at: number, c: number): Extent | undefined {
  const letter = c | 0x20;
  const next = text.charCodeAt(at + 1);
  if (next === code.quote) {
    if (letter === 0x65) return { kind: "string", end: stringEnd(text, at + 1, true) };
    if (letter === 0x62 || letter === 0x78 || letter === 0x6e) {
      return { kind: "string", end: stringEnd(text, at + 1, false) };
    }
  }
  if (letter !== 0x75 || next !== code.ampersand) return undefined;
  const third = text.charCodeAt(at + 2);
  if (third === code.quote) return { kind: "string", end: stringEnd(text, at + 2, false) };
  if (third === code.doubleQuote) return { kind: "quotedName", end: quotedNameEnd(text, at + 2) };
  return undefined;
}

/** @param at - offset of the opening quote */
function stringEnd(text: string, at: number, backslashEscapes: boolean): number {
  for (let i = at + 1; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (c === code.backslash && backslashEscapes) i += 1;
    else if (c === code.quote) {
      if (text.charCodeAt(i + 1) === code.quote) i += 1;
      else {
        const again = continuedAt(text, i + 1);
        if (again === undefined) return i + 1;
        i = again;
      }
    }
  }
  return text.length;
}

/**
 * A string goes on after a line break: `'a'` newline `'b'` is `'ab'`, under the rules of its first quote. Only white space
 * with a newline and line comments may stand between.
 *
 * @returns the offset of the quote that goes on
 */
function continuedAt(text: string, from: number): number | undefined {
  let at = from;
  let hasNewline = false;
  for (;;) {
    const c = text.charCodeAt(at);
    if (isSpace(c)) {
      hasNewline ||= isNewline(c);
      at += 1;
    } else if (c === code.minus && text.charCodeAt(at + 1) === code.minus) at = lineEnd(text, at + 2);
    else return c === code.quote && hasNewline ? at : undefined;
  }
}

function quotedNameEnd(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i += 1) {
    if (text.charCodeAt(i) !== code.doubleQuote) continue;
    if (text.charCodeAt(i + 1) !== code.doubleQuote) return i + 1;
    i += 1;
  }
  return text.length;
}

function nameEnd(text: string, at: number): number {
  let end = at + 1;
  while (isNamePart(text.charCodeAt(end))) end += 1;
  return end;
}

/** `$1`, or a string between `$tag$` and `$tag$`. */
function dollarLexeme(text: string, at: number): Extent {
  let end = at + 1;
  if (isDigit(text.charCodeAt(end))) {
    while (isDigit(text.charCodeAt(end))) end += 1;
    return { kind: "parameter", end };
  }
  if (isNameStart(text.charCodeAt(end))) {
    while (isNameStart(text.charCodeAt(end)) || isDigit(text.charCodeAt(end))) end += 1;
  }
  if (text.charCodeAt(end) !== code.dollar) return { kind: "punctuation", end: at + 1 };
  const closing = text.indexOf(text.slice(at, end + 1), end + 1);
  return { kind: "string", end: closing < 0 ? text.length : closing + (end + 1 - at) };
}

/** Digits, letters and underscores (0x1F, 1_000), a fraction, an exponent. What PostgreSQL calls junk stays inside. */
function numberEnd(text: string, at: number): number {
  let end = at;
  for (;;) {
    const c = text.charCodeAt(end);
    const isExponentSign =
      (c === code.plus || c === code.minus) &&
      (text.charCodeAt(end - 1) | 0x20) === 0x65 &&
      isDigit(text.charCodeAt(end + 1)) &&
      (text.charCodeAt(at + 1) | 0x20) !== 0x78;
    const isFraction = c === code.dot && text.charCodeAt(end + 1) !== code.dot;
    if (!isNamePart(c) && !isExponentSign && !isFraction) return end;
    end += 1;
  }
}

function operatorEnd(text: string, at: number): number {
  let end = at;
  while (operatorCharacters.has(text.charCodeAt(end)) && !startsComment(text, end)) end += 1;
  const first = end;
  while (end > at + 1 && isSign(text.charCodeAt(end - 1))) end -= 1;
  return end < first && trailingSignAllowedBy.test(text.slice(at, first)) ? first : end;
}

const isSign = (c: number): boolean => c === code.plus || c === code.minus;

function startsComment(text: string, at: number): boolean {
  const c = text.charCodeAt(at);
  const next = text.charCodeAt(at + 1);
  return (c === code.minus && next === code.minus) || (c === code.slash && next === code.star);
}

function lineEnd(text: string, from: number): number {
  let end = from;
  while (end < text.length && !isNewline(text.charCodeAt(end))) end += 1;
  return end;
}

/** Block comments nest. */
function blockCommentEnd(text: string, at: number): number {
  let nesting = 1;
  for (let i = at + 2; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    const next = text.charCodeAt(i + 1);
    if (c === code.slash && next === code.star) {
      nesting += 1;
      i += 1;
    } else if (c === code.star && next === code.slash) {
      nesting -= 1;
      i += 1;
      if (nesting === 0) return i + 1;
    }
  }
  return text.length;
}
