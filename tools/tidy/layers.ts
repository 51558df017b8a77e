/**
 * Which way imports go: between the packages, and between the parts of the cluster.
 *
 * Tests are held to the packages' front doors only: a test may look at two packages that never import each other.
 */
import { type Finding, importedFile, type Import, isTest, type SourceFile, type Tree } from "./tree.ts";

/** Package folder to the packages it may import. Whoever is not listed here may import none of them. */
const packagesImportable: Record<string, readonly string[]> = {
  "packages/spec": [],
  "packages/sql": [],
  "packages/account": [],
  "packages/cluster": ["account", "spec", "sql"],
  "packages/toolkit": ["spec", "sql"],
  "packages/cloud": ["account", "cluster", "spec"],
  "packages/load": ["account", "spec"],
  "packages/console": ["cluster"],
  "packages/cli": ["account", "cluster", "cloud", "console", "load", "spec", "sql", "toolkit"],
  conformance: ["spec"],
  tools: ["spec"],
  samples: ["toolkit"],
};

/** Packages that a folder may load while it runs, though its code must not depend on them. */
const packagesStartable: Record<string, readonly string[]> = {
  // Conformance judges any server. It starts the local one when it is given no other.
  conformance: ["cluster"],
};

/** Doors beside a package's front door, for those who must not load all of it; each says in its header what it is for. */
const sideDoors: readonly string[] = ["cluster/data-dir", "cloud/preload-file"];

/** The cluster's parts from the ground up. A part may import those of an earlier row, never of its own or a later one. */
const clusterParts = [
  ["base"],
  ["wire", "sql", "auth", "storage"],
  ["backend"],
  ["catalog"],
  ["transaction"],
  ["jobs"],
  ["ddl", "explain"],
  ["session"],
  ["listener"],
  ["clusters"],
  ["observe"],
] as const;

export function checkLayers(tree: Tree): Finding[] {
  return tree.sources.flatMap((source) =>
    source.imports.flatMap((imported) => [
      ...betweenPackages(source, imported),
      ...(isTest(source.path) ? [] : insideCluster(source, imported)),
    ]),
  );
}

function betweenPackages(source: SourceFile, imported: Import): Finding[] {
  // The toolkit is published, with a door for each task; the others are ours alone.
  const name = /^(?:@dsql-local\/|dsql-(?=toolkit(?:\/|$)))([^/]+)(\/.*)?$/.exec(imported.specifier);
  const folder = folderOf(source.path);
  const leavesFolder = importedFile(source.path, imported.specifier);
  if (leavesFolder !== undefined && folderOf(leavesFolder) !== folder) {
    return [
      error(source, imported, `reaches into ${folderOf(leavesFolder)}; import the package by its name`),
    ];
  }
  if (!name) return [];
  if (name[2] !== undefined && name[1] !== "toolkit" && !sideDoors.includes(`${name[1]}${name[2]}`)) {
    return [error(source, imported, `goes past the front door of @dsql-local/${name[1]}`)];
  }
  if (isTest(source.path) || isAllowed(folder, name[1] ?? "", imported)) return [];
  return [error(source, imported, `${folder} may import ${listed(packagesImportable[folder] ?? [])}`)];
}

function isAllowed(folder: string, name: string, imported: Import): boolean {
  const allowed = packagesImportable[folder] ?? [];
  return allowed.includes(name) || (imported.isDynamic && (packagesStartable[folder] ?? []).includes(name));
}

function insideCluster(source: SourceFile, imported: Import): Finding[] {
  const target = importedFile(source.path, imported.specifier);
  const from = clusterPart(source.path);
  const to = target === undefined ? undefined : clusterPart(target);
  if (from === undefined || to === undefined || from === to) return [];
  if (rank(to) < rank(from)) return [];
  return [error(source, imported, `the cluster's part ${from} may not know ${to}: imports go towards base`)];
}

/** The part a file of the cluster belongs to; `cluster` for the files that put the parts together. */
function clusterPart(file: string): string | undefined {
  const found = /^packages\/cluster\/src\/(?:([^/]+)\/)?[^/]+/.exec(file);
  return found ? (found[1] ?? "cluster") : undefined;
}

function rank(part: string): number {
  const row = clusterParts.findIndex((parts) => (parts as readonly string[]).includes(part));
  return row === -1 ? clusterParts.length : row;
}

/**
 * `packages/cluster` of `packages/cluster/src/wire/decoder.ts`; `conformance` of `conformance/run.ts`;
 * `tutorial/ch05/cdk` of its files, since a chapter is two programs; one folder for the tutorial's tests and benchmarks, which
 * share a stack.
 */
export function folderOf(file: string): string {
  const [first = "", second = "", third = ""] = file.split("/");
  if (first === "packages") return `${first}/${second}`;
  if (first === "tutorial")
    return second === "test" || second === "bench" ? "tutorial/test" : [first, second, third].join("/");
  return first;
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? "no other package" : `only ${names.join(", ")}`;
}

function error(source: SourceFile, imported: Import, why: string): Finding {
  const message = `imports ${imported.specifier}: ${why}.`;
  return { severity: "error", file: source.path, line: imported.line, message };
}
