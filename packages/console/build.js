/**
 * Puts the console's page together, after the compiler: its modules and the libraries they use become a few files beside
 * `dist/src/index.js`. It does nothing while the page is newer than what it is made of, so that each `npm start` costs no
 * more than looking.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";

const here = import.meta.dirname;
const modules = path.join(here, "dist/page");
const sources = path.join(here, "page");
const outDir = path.join(here, "dist/src/page");
const index = path.join(outDir, "index.html");
const lock = path.resolve(here, "../../package-lock.json");

/** What is inside the page's files, whose licences ask for their text beside them. */
const bundled = [
  "preact",
  "uplot",
  "@codemirror/autocomplete",
  "@codemirror/commands",
  "@codemirror/lang-sql",
  "@codemirror/language",
  "@codemirror/lint",
  "@codemirror/state",
  "@codemirror/streamparser",
  "@codemirror/view",
  "@lezer/common",
  "@lezer/highlight",
  "@lezer/lr",
  "@marijn/find-cluster-break",
  "crelt",
  "style-mod",
  "w3c-keyname",
];

function newest(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const times = entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".tsbuildinfo"))
    .map((entry) => statSync(path.join(entry.parentPath, entry.name)).mtimeMs);
  return Math.max(0, ...times);
}

function isUpToDate() {
  if (!existsSync(index)) return false;
  const needed = [newest(modules), newest(sources), statSync(import.meta.filename).mtimeMs];
  if (existsSync(lock)) needed.push(statSync(lock).mtimeMs);
  return statSync(index).mtimeMs > Math.max(...needed);
}

function folderOf(name) {
  for (let folder = here; folder !== path.dirname(folder); folder = path.dirname(folder)) {
    const candidate = path.join(folder, "node_modules", name);
    if (existsSync(candidate)) return candidate;
  }
  throw new Error(`${name} is not installed: run npm ci`);
}

function licences() {
  return bundled
    .map((name) => `${name}\n\n${readFileSync(path.join(folderOf(name), "LICENSE"), "utf8").trim()}\n`)
    .join("\n----\n\n");
}

async function build() {
  const esbuild = await import("esbuild");
  rmSync(outDir, { recursive: true, force: true });
  mkdirSync(outDir, { recursive: true });
  const { metafile } = await esbuild.build({
    entryPoints: { console: path.join(modules, "main.js"), style: path.join(sources, "style.css") },
    outdir: outDir,
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    minify: true,
    metafile: true,
    legalComments: "none",
    logLevel: "warning",
  });
  for (const input of Object.keys(metafile.inputs)) {
    const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(
      input.replaceAll("\\", "/"),
    )?.[1];
    if (name !== undefined && !bundled.includes(name))
      throw new Error(`${name} is in the page: name it in packages/console/build.js, for its licence`);
  }
  writeFileSync(path.join(outDir, "licences.txt"), licences());
  cpSync(path.join(sources, "icon.svg"), path.join(outDir, "icon.svg"));
  // The last, so that a build that was broken off is done again.
  writeFileSync(index, readFileSync(path.join(sources, "index.html")));
}

if (!isUpToDate()) await build();
