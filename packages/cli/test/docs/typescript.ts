/**
 * Compiles the TypeScript of documents as a user's project would: by the packages' published types, under `strict`.
 *
 * Each example is a module of its own, in memory. What the page takes as given is declared before it, and exports of the
 * toolkit that it uses without an import are imported for it.
 */
import path from "node:path";
import * as toolkit from "dsql-toolkit";
import ts from "typescript";
import { type CodeBlock, givenBy, root } from "./pages.ts";

const options: ts.CompilerOptions = {
  module: ts.ModuleKind.NodeNext,
  target: ts.ScriptTarget.ES2023,
  lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  types: ["node"],
};

/** @returns what the compiler says, by page and line */
export function compileExamples(blocks: readonly CodeBlock[]): string[] {
  const modules = new Map(blocks.map((block, index) => [fileOf(index), moduleOf(block)]));
  const program = ts.createProgram([...modules.keys()], options, hostOf(modules));
  return [...modules].flatMap(([file, module]) => {
    const source = program.getSourceFile(file);
    const diagnostics = [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
    ];
    return diagnostics.map(({ start = 0, messageText }) => {
      const line = (source?.getLineAndCharacterOfPosition(start).line ?? 0) - module.linesBefore;
      return `${module.block.page}:${module.block.line + line} ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
    });
  });
}

/** What every guide speaks of once it has shown how to make one. */
const alwaysGiven = ['declare const pool: import("pg").Pool;'];

/** In a folder of the workspace, so that packages are found as from any other. */
function fileOf(index: number): string {
  return path.join(root, "packages", "cli", "test", "docs", `example-${index}.ts`);
}

interface ExampleModule {
  readonly block: CodeBlock;
  readonly text: string;
  readonly linesBefore: number;
}

function moduleOf(block: CodeBlock): ExampleModule {
  const declared = declaredNames(block.code);
  const given = [...alwaysGiven, ...givenBy(block.page)].filter((line) =>
    [...declaredNames(line)].every((name) => !declared.has(name)),
  );
  const givenNames = declaredNames(given.join("\n"));
  const imported = usedNames(block.code).filter(
    (name) => name in toolkit && !declared.has(name) && !givenNames.has(name),
  );
  const before = [`import { ${imported.join(", ")} } from "dsql-toolkit";`, "export {};", ...given];
  return { block, text: [...before, block.code].join("\n"), linesBefore: before.length };
}

/** Names that the top level of a text declares or imports. */
function declaredNames(code: string): Set<string> {
  const names = new Set<string>();
  const add = (name: ts.BindingName): void => {
    if (ts.isIdentifier(name)) names.add(name.text);
    else for (const element of name.elements) if (ts.isBindingElement(element)) add(element.name);
  };
  for (const statement of parse(code).statements) {
    if (ts.isVariableStatement(statement))
      for (const { name } of statement.declarationList.declarations) add(name);
    else if (ts.isImportDeclaration(statement)) importedNames(statement).forEach(add);
    else if ("name" in statement && statement.name) add(statement.name as ts.Identifier);
  }
  return names;
}

function importedNames({ importClause }: ts.ImportDeclaration): ts.Identifier[] {
  const bindings = importClause?.namedBindings;
  const named = bindings === undefined ? [] : ts.isNamespaceImport(bindings) ? [bindings] : bindings.elements;
  return [...(importClause?.name ? [importClause.name] : []), ...named.map(({ name }) => name)];
}

function usedNames(code: string): string[] {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) names.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(parse(code));
  return [...names];
}

function parse(code: string): ts.SourceFile {
  return ts.createSourceFile("example.ts", code, ts.ScriptTarget.Latest, true);
}

function hostOf(modules: ReadonlyMap<string, ExampleModule>): ts.CompilerHost {
  const disk = ts.createCompilerHost(options);
  const textOf = (file: string): string | undefined => modules.get(path.normalize(file))?.text;
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (file) => textOf(file) !== undefined || disk.fileExists(file),
    readFile: (file) => textOf(file) ?? disk.readFile(file),
    getSourceFile: (file, language, ...rest) => {
      const text = textOf(file);
      return text === undefined
        ? disk.getSourceFile(file, language, ...rest)
        : ts.createSourceFile(file, text, language, true);
    },
  };
  return host;
}
