/**
 * Documents agree with the tree: links lead to a file and to a heading in it, pages that comments refer to exist, and each
 * package's README names every runtime dependency with its reason, and no other.
 */
import path from "node:path";
import { anchorsOf, linksOf } from "./markdown.ts";
import type { Finding, TextFile, Tree } from "./tree.ts";

export function checkDocuments(tree: Tree): Finding[] {
  return [...tree.documents.flatMap((page) => links(tree, page)), ...mentions(tree), ...readmes(tree)];
}

/** A target with a scheme is not ours to follow. */
function links(tree: Tree, page: TextFile): Finding[] {
  return linksOf(page.text).flatMap(({ target, line }): Finding[] => {
    const message = fault(tree, page, target);
    return message === undefined ? [] : [{ severity: "error", file: page.path, line, message }];
  });
}

function fault(tree: Tree, page: TextFile, target: string): string | undefined {
  const [name = "", anchor] = target.split("#", 2);
  const file = name === "" ? page.path : resolved(page.path, name);
  if (file !== "." && !tree.paths.has(file)) return `links to ${name}, which does not exist.`;
  if (anchor === undefined || !file.endsWith(".md")) return undefined;
  const document = tree.documents.find((candidate) => candidate.path === file);
  if (!document || anchorsOf(document.text).has(anchor)) return undefined;
  return `links to ${target}, but ${file} has no such heading.`;
}

function resolved(from: string, target: string): string {
  return path.posix.normalize(path.posix.join(path.posix.dirname(from), target)).replace(/\/$/, "");
}

/** Comments that send the reader to a page under docs/. */
function mentions(tree: Tree): Finding[] {
  return tree.sources
    .filter((source) => !source.path.startsWith("tools/tidy/"))
    .flatMap((source) =>
      eachLine(source, /(?<![\w/.-])(docs\/[\w./-]+\.md)\b/g, (page) =>
        tree.paths.has(page) ? undefined : `refers to ${page}, which does not exist.`,
      ),
    );
}

function readmes(tree: Tree): Finding[] {
  return tree.manifests
    .filter((manifest) => manifest.path.startsWith("packages/"))
    .flatMap((manifest) => {
      const readmePath = path.posix.join(path.posix.dirname(manifest.path), "README.md");
      const readme = tree.documents.find((page) => page.path === readmePath);
      if (!readme)
        return [error(readmePath, "does not exist: say what the package does and what it stands on.")];
      return [...unnamed(manifest, readme), ...named(manifest, readme)];
    });
}

function unnamed(manifest: TextFile, readme: TextFile): Finding[] {
  return dependencies(manifest)
    .filter((name) => !/^(?:@dsql-local\/|dsql-)/.test(name) && !readme.text.includes(`\`${name}\``))
    .map((name) => error(readme.path, `does not name the runtime dependency \`${name}\` and its reason.`));
}

/** Dependencies that the README lists and the manifest does not have. */
function named(manifest: TextFile, readme: TextFile): Finding[] {
  const known = new Set(dependencies(manifest));
  return listedDependencies(readme.text)
    .filter(({ name }) => !known.has(name))
    .map(({ name, line }) => {
      const message = `names \`${name}\` as a dependency, but ${manifest.path} does not have it.`;
      return { severity: "error", file: readme.path, line, message };
    });
}

function dependencies(manifest: TextFile): string[] {
  const content = JSON.parse(manifest.text) as {
    dependencies?: Record<string, string>;
    optionalDependencies?: Record<string, string>;
    peerDependencies?: Record<string, string>;
  };
  return Object.keys({
    ...content.dependencies,
    ...content.optionalDependencies,
    ...content.peerDependencies,
  });
}

/** The names before the colon of each item in the list below `Dependencies`, a heading or a line that ends in a colon. */
function listedDependencies(text: string): { name: string; line: number }[] {
  const found: { name: string; line: number }[] = [];
  let place: "elsewhere" | "before the list" | "in the list" = "elsewhere";
  let item = "";
  for (const [index, line] of text.split("\n").entries()) {
    if (/^(?:#+ )?(?:runtime )?dependencies:?$/i.test(line)) place = "before the list";
    else if (/^- /.test(line) && place !== "elsewhere") [place, item] = ["in the list", ""];
    else if (place === "in the list" && !/^(?: |$)/.test(line)) place = "elsewhere";
    if (place !== "in the list" || item.includes(":")) continue;
    const before = item + line;
    const names = line.slice(0, before.includes(":") ? line.indexOf(":") : undefined).matchAll(/`([^`]+)`/g);
    for (const [, name = ""] of names) found.push({ name, line: index + 1 });
    item = before;
  }
  return found;
}

function eachLine(file: TextFile, pattern: RegExp, judge: (found: string) => string | undefined): Finding[] {
  return file.text.split("\n").flatMap((text, index) =>
    [...text.matchAll(pattern)].flatMap((match): Finding[] => {
      const message = judge(match[1] ?? "");
      return message === undefined ? [] : [{ severity: "error", file: file.path, line: index + 1, message }];
    }),
  );
}

function error(file: string, message: string): Finding {
  return { severity: "error", file, message };
}
