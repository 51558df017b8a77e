/**
 * Import cycles: files that need each other cannot be read, tested or moved one at a time. A cycle that closes only
 * through types is gone when the program runs, so it is a warning.
 */
import { type Finding, type Import, importedFile, type SourceFile, type Tree } from "./tree.ts";

export function checkCycles(tree: Tree): Finding[] {
  const atRunTime = cyclesOf(tree, (imported) => !imported.isDynamic && !imported.isTypeOnly);
  const withTypes = cyclesOf(tree, (imported) => !imported.isDynamic);
  const told = new Set(atRunTime.map((files) => [...files].sort().join()));
  return [
    ...atRunTime.map((files) => finding("error", files)),
    ...withTypes
      .filter((files) => !told.has([...files].sort().join()))
      .map((files) => finding("warning", files)),
  ];
}

/** @returns the files of each cycle, in the order in which they import each other */
function cyclesOf(tree: Tree, counts: (imported: Import) => boolean): string[][] {
  const byPath = new Map(tree.sources.map((source) => [source.path, source]));
  const done = new Set<string>();
  const cycles: string[][] = [];
  for (const source of tree.sources) visit(source, []);
  return cycles;

  /** Depth first; `trail` is how we came here. A file seen again on the trail closes a cycle. */
  function visit(source: SourceFile, trail: readonly string[]): void {
    if (done.has(source.path)) return;
    const here = [...trail, source.path];
    for (const next of source.imports
      .filter(counts)
      .map(({ specifier }) => importedFile(source.path, specifier))) {
      const target = byPath.get(next ?? "");
      if (target === undefined) continue;
      if (here.includes(target.path)) cycles.push(here.slice(here.indexOf(target.path)));
      else visit(target, here);
    }
    done.add(source.path);
  }
}

function finding(severity: Finding["severity"], files: readonly string[]): Finding {
  const [first = ""] = files;
  const way = [...files, first].join(" → ");
  return { severity, file: first, message: `import cycle: ${way}. Move what both need to a third file.` };
}
