/**
 * Front doors: every folder below a package's `src` is a part with an `index.ts`, and code outside a part imports
 * that file only. Tests may look inside. A CommonJS file is not a part of the code: it is loaded by its path, for what
 * it does.
 */
import path from "node:path";
import { type Finding, importedFile, isTest, type Tree } from "./tree.ts";

export function checkFrontDoors(tree: Tree): Finding[] {
  return [...importsPastFrontDoors(tree), ...partsWithoutFrontDoor(tree)];
}

function importsPastFrontDoors(tree: Tree): Finding[] {
  return tree.sources
    .filter((source) => !isTest(source.path))
    .flatMap((source) =>
      source.imports.flatMap((imported): Finding[] => {
        const target = importedFile(source.path, imported.specifier);
        const part = target === undefined ? undefined : partOf(target);
        if (target === undefined || part === undefined || isInside(source.path, part)) return [];
        // A part without a front door of its own is reported once, below.
        if (target === `${part}/index.ts` || !tree.paths.has(`${part}/index.ts`)) return [];
        const message = `imports ${imported.specifier}: come in by the front door, ${part}/index.ts.`;
        return [{ severity: "error", file: source.path, line: imported.line, message }];
      }),
    );
}

function partsWithoutFrontDoor(tree: Tree): Finding[] {
  const parts = new Set(
    tree.sources.map((source) => partOf(source.path)).filter((part) => part !== undefined),
  );
  return [...parts]
    .filter((part) => !tree.paths.has(`${part}/index.ts`) && isImportedFromOutside(tree, part))
    .map((part) => ({
      severity: "error",
      file: part,
      message: "has no index.ts that says what the part does, what it promises and what others may use.",
    }));
}

function isImportedFromOutside(tree: Tree, part: string): boolean {
  return tree.sources.some(
    (source) =>
      !isTest(source.path) &&
      !isInside(source.path, part) &&
      source.imports.some((imported) => {
        const target = importedFile(source.path, imported.specifier);
        return target !== undefined && partOf(target) === part;
      }),
  );
}

/** `packages/cluster/src/wire` of `packages/cluster/src/wire/decoder.ts`; undefined for a file directly in `src`. */
function partOf(file: string): string | undefined {
  return file.endsWith(".cts") ? undefined : /^packages\/[^/]+\/src\/[^/]+(?=\/)/.exec(file)?.[0];
}

function isInside(file: string, folder: string): boolean {
  return path.posix.dirname(file) === folder || file.startsWith(`${folder}/`);
}
