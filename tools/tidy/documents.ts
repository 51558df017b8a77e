/**
 * Documents agree with the tree: links lead somewhere, pages that comments refer to exist, and each package's README
 * names every runtime dependency with its reason.
 */
import path from "node:path";
import type { Finding, TextFile, Tree } from "./tree.ts";

export function checkDocuments(tree: Tree): Finding[] {
  return [...tree.documents.flatMap((page) => links(tree, page)), ...mentions(tree), ...readmes(tree)];
}

/** `[text](target)`; a target with a scheme or only an anchor is not ours to follow. */
function links(tree: Tree, page: TextFile): Finding[] {
  return eachLine(page, /\]\((?!#|[a-z]+:)([^)\s#]+)[^)]*\)/g, (target) => {
    const file = path.posix
      .normalize(path.posix.join(path.posix.dirname(page.path), target))
      .replace(/\/$/, "");
    return file === "." || tree.paths.has(file) ? undefined : `links to ${target}, which does not exist.`;
  });
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
      return dependencies(manifest)
        .filter((dependency) => !readme.text.includes(`\`${dependency}\``))
        .map((dependency) =>
          error(readmePath, `does not name the runtime dependency \`${dependency}\` and its reason.`),
        );
    });
}

function dependencies(manifest: TextFile): string[] {
  const content = JSON.parse(manifest.text) as {
    dependencies?: Record<string, string>;
    optionalDependencies?: Record<string, string>;
  };
  const names = Object.keys({ ...content.dependencies, ...content.optionalDependencies });
  return names.filter((name) => !name.startsWith("@dsql-local/"));
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
