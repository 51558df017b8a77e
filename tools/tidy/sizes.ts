/**
 * Sizes of files, functions and folders. The first bound is a sign to look again, the second says that nobody did.
 * A function that only lists tests, or a table, is not cut for the sake of a number: only bodies of code count.
 */
import path from "node:path";
import ts from "typescript";
import { type Finding, isTest, type SourceFile, type Tree } from "./tree.ts";

const bounds = {
  sourceLines: { lookAgain: 500, tooMany: 800 },
  testLines: { lookAgain: 800, tooMany: 1_200 },
  functionLines: { lookAgain: 70, tooMany: 120 },
  folderFiles: { lookAgain: 20, tooMany: 40 },
} as const;

export function checkSizes(tree: Tree): Finding[] {
  return [
    ...tree.sources.flatMap((source) => [...fileSize(source), ...functionSizes(source)]),
    ...folderSizes(tree),
  ];
}

function fileSize(source: SourceFile): Finding[] {
  const lines = source.text.split("\n").length - 1;
  const bound = isTest(source.path) ? bounds.testLines : bounds.sourceLines;
  return judged(lines, bound, { file: source.path }, `has ${lines} lines: name its second idea and move it.`);
}

function functionSizes(source: SourceFile): Finding[] {
  if (isTest(source.path)) return [];
  const parsed = ts.createSourceFile(source.path, source.text, ts.ScriptTarget.Latest, false);
  const findings: Finding[] = [];
  const lineAt = (position: number): number => parsed.getLineAndCharacterOfPosition(position).line + 1;
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && "body" in node && node.body) {
      const body = node.body as ts.Node;
      const line = lineAt(body.pos);
      const lines = lineAt(body.end) - line + 1;
      const message = `has a function of ${lines} lines: say its steps as functions with names.`;
      findings.push(...judged(lines, bounds.functionLines, { file: source.path, line }, message));
    }
    ts.forEachChild(node, visit);
  };
  visit(parsed);
  return findings;
}

function folderSizes(tree: Tree): Finding[] {
  const counts = new Map<string, number>();
  for (const source of tree.sources) {
    if (isTest(source.path)) continue;
    const folder = path.posix.dirname(source.path);
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts].flatMap(([folder, files]) =>
    judged(files, bounds.folderFiles, { file: folder }, `has ${files} files: which of them belong together?`),
  );
}

function judged(
  value: number,
  bound: { readonly lookAgain: number; readonly tooMany: number },
  where: { readonly file: string; readonly line?: number },
  message: string,
): Finding[] {
  if (value <= bound.lookAgain) return [];
  return [{ severity: value > bound.tooMany ? "error" : "warning", ...where, message }];
}
