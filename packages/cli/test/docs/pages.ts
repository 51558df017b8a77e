/** The documents of the project as their tests read them. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

export const root = path.resolve(import.meta.dirname, "..", "..", "..", "..", "..");

export interface CodeBlock {
  /** Relative to the root of the tree. */
  readonly page: string;
  /** Of the first line of code, 1-based. */
  readonly line: number;
  /** As the fence names it: `ts`, `sh`, `sql`. */
  readonly language: string;
  readonly code: string;
}

export function readPage(page: string): string {
  return readFileSync(path.join(root, page), "utf8");
}

/** The README, the guides, and the packages' own pages. */
export function guidePages(): string[] {
  const guides = readdirSync(path.join(root, "docs", "guides")).map((name) => `docs/guides/${name}`);
  const packages = readdirSync(path.join(root, "packages")).map((name) => `packages/${name}/README.md`);
  return ["README.md", ...guides, ...packages].filter((page) => page.endsWith(".md"));
}

export function codeBlocks(page: string): CodeBlock[] {
  const text = readPage(page);
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(
    ({ 1: language = "", 2: code = "", index }) => ({
      page,
      line: text.slice(0, index).split("\n").length + 1,
      language,
      code,
    }),
  );
}

/** What a page's examples take as given, from its comments `<!-- given … -->`, a declaration a line. */
export function givenBy(page: string): string[] {
  return [...readPage(page).matchAll(/<!-- given\n([\s\S]*?)-->/g)].flatMap(([, lines = ""]) =>
    lines.split("\n").filter((line) => line.trim() !== ""),
  );
}

/** `dsql start --port 0` in a text or a shell block: the command and the long options after it. */
export interface Mention {
  readonly program: "dsql" | "helper";
  readonly command: string;
  readonly options: readonly string[];
}

/** @param code - one command line, or a code span that holds one */
export function mentionsOf(code: string): Mention[] {
  const uncommented = code.replace(/(^|\s)#.*$/gm, "");
  return uncommented.split(/[\n;|&()]+/).flatMap((part): Mention[] => {
    const match = /(?:^|(?<!\baws)\s)(?:npx )?dsql +([a-z]+)\b(.*)$/.exec(part.trim());
    if (!match || /^(?:local|_)/.test(match[1] ?? "")) return [];
    const options = [...(match[2] ?? "").matchAll(/(?<=\s)--[a-z][a-z\d-]*/g)].map(([option]) => option);
    return [{ program: "dsql", command: match[1] ?? "", options }];
  });
}
