/**
 * Splits a script at the semicolons between statements, so that each is sent alone, as psql does with a file.
 *
 * Sent together they would be one transaction, and DSQL allows one DDL statement per transaction. Only what hides a
 * semicolon is recognised (quotes, dollar quotes, comments, parentheses of a routine's body are not needed: DSQL has no
 * `BEGIN ATOMIC`); whether a statement is right is for the server to say.
 *
 * Source: PostgreSQL documentation, "Lexical Structure".
 */

/** @returns the statements without their semicolons; those that hold only blanks and comments are left out */
export function splitStatements(script: string): string[] {
  const statements: string[] = [];
  let start = 0;
  let hasSubstance = false;
  let offset = 0;
  while (offset < script.length) {
    if (script[offset] === ";") {
      if (hasSubstance) statements.push(script.slice(start, offset).trim());
      start = offset + 1;
      offset = start;
      hasSubstance = false;
      continue;
    }
    const lexeme = lexemeAt(script, offset);
    hasSubstance ||= lexeme.isSubstance;
    offset = lexeme.end;
  }
  if (hasSubstance) statements.push(script.slice(start).trim());
  return statements;
}

interface Lexeme {
  readonly end: number;
  readonly isSubstance: boolean;
}

/** The quoted text, comment, word or character that begins here. One that never ends takes the rest. */
function lexemeAt(script: string, offset: number): Lexeme {
  const rest = (pattern: RegExp): string | undefined => matchAt(pattern, script, offset);
  const blank = rest(/\s+/y) ?? rest(/--[^\n]*/y);
  if (blank !== undefined) return { end: offset + blank.length, isSubstance: false };
  if (script.startsWith("/*", offset)) return { end: commentEnd(script, offset), isSubstance: false };
  const substance =
    rest(/[eE]'(?:[^'\\]|\\[^]|'')*(?:'|$)/y) ??
    rest(/'(?:[^']|'')*(?:'|$)/y) ??
    rest(/"(?:[^"]|"")*(?:"|$)/y) ??
    dollarQuoted(script, offset) ??
    rest(/[\p{L}_][\p{L}\p{N}_$]*/uy) ??
    script.slice(offset, offset + 1);
  return { end: offset + substance.length, isSubstance: true };
}

/** `$$…$$` or `$tag$…$tag$`. A `$` inside a word, as in `a$b$`, never gets here: the word takes it. */
function dollarQuoted(script: string, offset: number): string | undefined {
  const delimiter = matchAt(/\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy, script, offset);
  if (delimiter === undefined) return undefined;
  const end = script.indexOf(delimiter, offset + delimiter.length);
  return script.slice(offset, end === -1 ? undefined : end + delimiter.length);
}

/** Block comments nest. */
function commentEnd(script: string, offset: number): number {
  const edges = /\/\*|\*\//g;
  edges.lastIndex = offset;
  for (let depth = 0, edge = edges.exec(script); edge !== null; edge = edges.exec(script)) {
    depth += edge[0] === "/*" ? 1 : -1;
    if (depth === 0) return edges.lastIndex;
  }
  return script.length;
}

function matchAt(pattern: RegExp, text: string, offset: number): string | undefined {
  pattern.lastIndex = offset;
  return pattern.exec(text)?.[0];
}
