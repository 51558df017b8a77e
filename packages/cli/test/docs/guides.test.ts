/**
 * The code in README and guides holds: TypeScript is compiled against the packages, SQL is linted, shell is parsed, and
 * every `dsql` command in it exists with its options.
 *
 * An example may use what its reader has: `order`, `session`. A page declares such names in a comment that readers do not
 * see, `<!-- given … -->`, a declaration a line. Exports of the toolkit need no import where the page has shown it once.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { lintTexts } from "dsql-toolkit";
import { unknownMentions } from "./commands.ts";
import { codeBlocks, guidePages, readPage } from "./pages.ts";
import { compileExamples } from "./typescript.ts";

const blocks = guidePages().flatMap(codeBlocks);
const inLanguage = (...languages: readonly string[]) =>
  blocks.filter(({ language }) => languages.includes(language));

test("TypeScript compiles against the packages", () => {
  const examples = inLanguage("ts", "typescript");
  assert.ok(examples.length > 10);
  assert.deepEqual(compileExamples(examples), []);
});

test("shell can be parsed", () => {
  const examples = inLanguage("sh", "bash", "shell");
  assert.ok(examples.length > 10);
  const wrong = examples.flatMap(({ page, line, code }) => {
    // Names to be filled in would be redirections: <id>
    const { stderr, status } = spawnSync("bash", ["-n"], { input: code.replace(/<[\w-]+>/g, "x") });
    return status === 0 ? [] : [`${page}:${line} ${stderr.toString()}`];
  });
  assert.deepEqual(wrong, []);
});

test("each dsql command in shell blocks and code spans exists, with its options", () => {
  const inBlocks = inLanguage("sh", "bash", "shell").flatMap(({ page, line, code }) =>
    unknownMentions(code).map((name) => `${name} ${page}:${line}`),
  );
  const inSpans = guidePages().flatMap((page) =>
    [...readPage(page).matchAll(/`((?:npx )?dsql [^`\n]+)`/g)].flatMap(([, span = ""]) =>
      unknownMentions(span).map((name) => `${name} ${page}`),
    ),
  );
  assert.deepEqual([...inBlocks, ...inSpans], []);
});

test("SQL is what the service takes", async () => {
  const examples = inLanguage("sql");
  assert.ok(examples.length > 3);
  for (const { page, line, code } of examples) {
    const { findings } = await lintTexts([{ file: "example.sql", text: code }], {
      transactions: "statement",
    });
    const errors = findings.filter(({ severity }) => severity === "error");
    assert.deepEqual(
      errors.map(({ message }) => message),
      [],
      `${page}:${line}`,
    );
  }
});
