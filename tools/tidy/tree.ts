/**
 * The source tree as the checks see it: files with their text and imports, read once.
 *
 * The checks take a tree as an argument, so that their tests can make one up.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";
import { filesBelow } from "../files.ts";

export interface Finding {
  readonly severity: "error" | "warning";
  readonly file: string;
  readonly line?: number;
  /** What is wrong and what to do about it, in one or two sentences. */
  readonly message: string;
}

export interface Import {
  /** As written: `../wire/index.ts`, `@dsql-local/spec`, `node:fs`. */
  readonly specifier: string;
  readonly line: number;
  /** `await import("…")`: happens when the program gets there, not when the file is loaded. */
  readonly isDynamic: boolean;
  /** `import type …`: gone from the compiled file. */
  readonly isTypeOnly: boolean;
}

export interface SourceFile {
  /** Relative to the root of the tree, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

export interface Tree {
  /** TypeScript sources, tests included. */
  readonly sources: readonly SourceFile[];
  /** Markdown files. */
  readonly documents: readonly TextFile[];
  /** `package.json` files of the workspaces. */
  readonly manifests: readonly TextFile[];
  /** Every path that exists in the tree, folders included. */
  readonly paths: ReadonlySet<string>;
}

export interface TextFile {
  readonly path: string;
  readonly text: string;
}

const notOurs = ["node_modules", "dist", "cdk.out", ".git", ".dsql", "coverage", "my-dsql-app", ".venv"];

export function readTree(root: string): Tree {
  const files = filesBelow(root, "", { skip: notOurs });
  const read = (file: string): TextFile => ({
    path: file,
    text: readFileSync(path.join(root, file), "utf8"),
  });
  return {
    sources: files
      .filter((file) => /\.[cm]?tsx?$/.test(file) && !file.endsWith(".d.ts"))
      .map((file) => sourceFile(file, read(file).text)),
    documents: files.filter((file) => file.endsWith(".md")).map(read),
    manifests: files.filter((file) => path.posix.basename(file) === "package.json").map(read),
    paths: new Set(files.flatMap(withFolders)),
  };
}

export function sourceFile(file: string, text: string): SourceFile {
  return { path: file, text, imports: importsOf(file, text) };
}

export function isTest(file: string): boolean {
  return /\.test\.ts$/.test(file) || /\/(test|bench|simulation)\//.test(file);
}

function importsOf(file: string, text: string): Import[] {
  const parsed = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, false);
  const imports: Import[] = [];
  const add = (specifier: ts.Node, kind: { isDynamic?: boolean; isTypeOnly?: boolean }): void => {
    if (!ts.isStringLiteralLike(specifier)) return;
    const { line } = parsed.getLineAndCharacterOfPosition(specifier.pos);
    imports.push({ specifier: specifier.text, line: line + 1, isDynamic: false, isTypeOnly: false, ...kind });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      add(node.moduleSpecifier, {
        isTypeOnly: node.importClause !== undefined && isTypeOnly(node.importClause),
      });
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
      add(node.moduleSpecifier, { isTypeOnly: node.isTypeOnly });
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node.argument.literal, { isTypeOnly: true });
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      if (node.arguments[0]) add(node.arguments[0], { isDynamic: true });
    }
    ts.forEachChild(node, visit);
  };
  visit(parsed);
  return imports;
}

function isTypeOnly(clause: ts.ImportClause): boolean {
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const { namedBindings } = clause;
  if (clause.name || !namedBindings || !ts.isNamedImports(namedBindings)) return false;
  return namedBindings.elements.length > 0 && namedBindings.elements.every((element) => element.isTypeOnly);
}

/** `docs/a/b.md` and the folders it lies in: `docs/a`, `docs`. */
function withFolders(file: string): string[] {
  const paths = [file];
  for (let folder = path.posix.dirname(file); folder !== "."; folder = path.posix.dirname(folder))
    paths.push(folder);
  return paths;
}

/** The file that a relative import names, as a path in the tree; undefined for a package. */
export function importedFile(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  return path.posix.normalize(path.posix.join(path.posix.dirname(from), specifier));
}
