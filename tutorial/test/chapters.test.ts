/** The chapters side by side: each is complete, and differs from the one before by its lesson alone. */
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import ts from "typescript";
import { type Chapter, changedFiles, chapters, readChapter, tutorialDir } from "./chapter-files.ts";

/** What each chapter touches. The tutorial's text shows the changes line by line, and lessons.test.ts holds both equal. */
const lessons: readonly (readonly [Chapter, Chapter, readonly string[]])[] = [
  ["starter-kit", "ch01", ["cdk/lib/dat401-stack.ts", "lambda/src/db.ts", "lambda/src/index.ts"]],
  ["ch01", "ch02", ["cdk/lib/dat401-stack.ts", "lambda/src/db.ts"]],
  [
    "ch02",
    "ch03",
    [
      "lambda/src/db.ts",
      "lambda/src/index.ts",
      "lambda/src/request.ts",
      "lambda/src/transfer-error.ts",
      "lambda/src/transfer.ts",
    ],
  ],
  ["ch03", "ch04", ["lambda/src/db.ts", "lambda/src/index.ts"]],
  ["ch04", "ch05", ["lambda/src/transfer.ts"]],
  ["ch05", "ch06", []],
  ["ch06", "ch06-one-statement", ["lambda/src/transfer.ts"]],
  ["ch06", "ch06-pipelined", ["lambda/src/db.ts", "lambda/src/transfer.ts"]],
];

for (const [before, after, files] of lessons) {
  test(`${after} differs from ${before} in ${files.length === 0 ? "nothing" : files.join(", ")}`, () => {
    assert.deepEqual(changedFiles(readChapter(before), readChapter(after)), files);
  });
}

test("every chapter compiles with its own options", () => {
  // One program for all: the declarations of the CDK are read once instead of seven times.
  const base = path.join(tutorialDir, "starter-kit", "tsconfig.base.json");
  const { options, errors } = ts.convertCompilerOptionsFromJson(
    (ts.readConfigFile(base, (file) => ts.sys.readFile(file)).config as { compilerOptions: object })
      .compilerOptions,
    path.dirname(base),
  );
  assert.deepEqual(errors, []);
  const files = chapters.flatMap((chapter) =>
    [...readChapter(chapter).keys()]
      .filter((file) => file.endsWith(".ts"))
      .map((file) => path.join(tutorialDir, chapter, file)),
  );
  const program = ts.createProgram(files, { ...options, typeRoots: [typesDir()] });
  const found = ts.getPreEmitDiagnostics(program).map(describe);
  assert.deepEqual(found, []);
});

function typesDir(): string {
  return path.join(tutorialDir, "..", "node_modules", "@types");
}

function describe(diagnostic: ts.Diagnostic): string {
  const { file, start, messageText } = diagnostic;
  const text = ts.flattenDiagnosticMessageText(messageText, "\n");
  if (file === undefined || start === undefined) return text;
  const { line } = file.getLineAndCharacterOfPosition(start);
  return `${path.relative(tutorialDir, file.fileName)}:${line + 1} ${text}`;
}

test("a chapter needs only its own files and the packages that it names", () => {
  for (const chapter of chapters) {
    const files = readChapter(chapter);
    for (const part of ["cdk", "lambda"]) {
      const known = new Set([...dependencies(files.get(`${part}/package.json`)).keys()]);
      for (const [file, text] of files) {
        if (!file.startsWith(`${part}/`) || !file.endsWith(".ts")) continue;
        for (const { fileName } of ts.preProcessFile(text).importedFiles) {
          if (fileName.startsWith("node:")) continue;
          const isKnown = fileName.startsWith(".")
            ? files.has(`${path.posix.join(path.posix.dirname(file), fileName)}.ts`)
            : known.has(packageOf(fileName)) || known.has(`@types/${packageOf(fileName)}`);
          assert.ok(isKnown, `${chapter}/${file} imports ${fileName}`);
        }
      }
    }
  }
});

test("all chapters use the versions that this repository installs and tests", () => {
  const installed = new Map([
    ...dependencies(readText("../package.json")),
    ...dependencies(readText("package.json")),
  ]);
  for (const chapter of chapters) {
    const files = readChapter(chapter);
    for (const manifest of ["package.json", "cdk/package.json", "lambda/package.json"]) {
      for (const [name, version] of dependencies(files.get(manifest))) {
        assert.equal(version, installed.get(name), `${chapter}/${manifest}: ${name}`);
      }
    }
  }
});

function readText(file: string): string | undefined {
  return ts.sys.readFile(path.join(tutorialDir, file));
}

function dependencies(manifest: string | undefined): Map<string, string> {
  assert.ok(manifest !== undefined);
  const { dependencies: runtime, devDependencies: development } = JSON.parse(manifest) as {
    dependencies?: Record<string, string>;
    devDependencies?: Record<string, string>;
  };
  return new Map(Object.entries({ ...runtime, ...development }));
}

/** `aws-cdk-lib` of `aws-cdk-lib/aws-dsql`; `@aws-sdk/dsql-signer` of itself. */
function packageOf(specifier: string): string {
  const [first = "", second = ""] = specifier.split("/");
  return first.startsWith("@") ? `${first}/${second}` : first;
}
