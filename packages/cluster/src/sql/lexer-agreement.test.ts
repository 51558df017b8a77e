import assert from "node:assert/strict";
import { before, test } from "node:test";
import { createTextMap, lex, qualifiedNameEnd } from "@dsql-local/sql";
import { SqlError } from "../base/index.ts";
import { loadParser, parseTree } from "./postgres-parser.ts";

before(loadParser);

const pieces = (text: string): string[] => lex(text).map(({ start, end }) => text.slice(start, end));

test("a text falls into the lexemes that PostgreSQL sees", () => {
  const cases: readonly (readonly [text: string, lexemes: readonly string[]])[] = [
    ["select a.b, 1.5e-3 from t", ["select", "a", ".", "b", ",", "1.5e-3", "from", "t"]],
    ["'it''s' 'a;b'", ["'it''s'", "'a;b'"]],
    ["E'\\'' 'c:\\' x", ["E'\\''", "'c:\\'", "x"]],
    ["'a'\n  -- c\n 'b' 'c'", ["'a'\n  -- c\n 'b'", "'c'"]],
    ["E'a'\n'\\';'", ["E'a'\n'\\';'"]],
    ['"a""b" U&"d\\0061t"', ['"a""b"', 'U&"d\\0061t"']],
    ["B'01' x'1F' n'a' u&'b'", ["B'01'", "x'1F'", "n'a'", "u&'b'"]],
    ["$$a;$b$ $1$$ $x$ $$ $x$ $1", ["$$a;$b$ $1$$", "$x$ $$ $x$", "$1"]],
    ["a$b$c $é$;$é$", ["a$b$c", "$é$;$é$"]],
    ["/* a /* b */ ; */ x -- ;\n y", ["x", "y"]],
    ["a=-1 b<>-2 c@-3 d*-- x\n e", ["a", "=", "-", "1", "b", "<>", "-", "2", "c", "@-", "3", "d", "*", "e"]],
    ["a::int[1:2] b:=1", ["a", "::", "int", "[", "1", ":", "2", "]", "b", ":=", "1"]],
    ["x+/* c */y", ["x", "+", "y"]],
    ["1_000 0x1F 1..2", ["1_000", "0x1F", "1", "..", "2"]],
    ["naïve 東京 '東京'", ["naïve", "東京", "'東京'"]],
    ["'never ends", ["'never ends"]],
    ["", []],
  ];
  for (const [text, expected] of cases) assert.deepEqual(pieces(text), expected, text);
});

test("the depth counts parentheses and brackets, and never falls below none", () => {
  const depths = lex("a (b [c] d) ) e").map(({ depth }) => depth);
  assert.deepEqual(depths, [0, 0, 1, 1, 2, 1, 1, 0, 0, 0]);
});

test("a qualified name ends with its last part", () => {
  for (const name of ["t", "s.t", '"S" . "t.u"', "s /* c */ . t"]) {
    assert.equal(qualifiedNameEnd(`${name} as x`, 0), name.length, name);
  }
});

/** Small seeded generator (mulberry32), so that a failure can be run again. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const scraps = [
  ..."'\"$;-*/\\()[].,:=+<>@ab1é東 \n\t".split(""),
  ...[
    "''",
    "--",
    "/*",
    "*/",
    "$$",
    "$a$",
    "E'",
    "U&'",
    "select 1",
    "select ';'",
    ";",
    "'\n'",
    "1e5",
    " as ",
    "\u{1F600}",
  ],
];

test("statements end where PostgreSQL ends them, on random texts that it can parse", () => {
  const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
  const random = generator(seed);
  let parsed = 0;
  for (let run = 0; run < 8_000; run += 1) {
    const count = 1 + random(12);
    const text = Array.from({ length: count }, () => {
      return random(3) === 0 ? "select 1 " : (scraps[random(scraps.length)] ?? "");
    }).join("");
    const expected = semicolonsOfPostgres(text);
    if (expected === undefined) continue;
    parsed += 1;
    const found = lex(text).filter(({ kind, depth, start }) => {
      return kind === "punctuation" && depth === 0 && text[start] === ";";
    });
    const where = `SEED=${seed}: ${JSON.stringify(text)}`;
    const ours = found.map(({ start }) => start);
    for (const end of expected) assert.ok(ours.includes(end), `${where} lacks ${end}`);
    // PostgreSQL does not list empty statements: a semicolon that it does not name must end one.
    const lexemes = lex(text);
    for (const start of ours.filter((end) => !expected.includes(end))) {
      const before = lexemes.findLast((lexeme) => lexeme.start < start);
      assert.ok(before === undefined || text[before.start] === ";", `${where} has ${start}`);
    }
  }
  assert.ok(parsed > 400, `only ${parsed} texts could be parsed`);
});

/** @returns where the statements that a semicolon ends do end; undefined when it cannot parse the text */
function semicolonsOfPostgres(text: string): number[] | undefined {
  try {
    const map = createTextMap(text);
    return parseTree(text)
      .filter(({ stmt_len }) => stmt_len !== undefined)
      .map(({ stmt_location, stmt_len }) => map.fromByte((stmt_location ?? 0) + (stmt_len ?? 0)));
  } catch (error) {
    if (error instanceof SqlError) return undefined;
    throw error;
  }
}
