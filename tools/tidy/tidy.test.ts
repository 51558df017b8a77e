import assert from "node:assert/strict";
import { test } from "node:test";
import { checkCycles } from "./cycles.ts";
import { checkDocuments } from "./documents.ts";
import { checkFrontDoors } from "./front-doors.ts";
import { checkLayers } from "./layers.ts";
import { checkRooms } from "./rooms.ts";
import { checkSizes } from "./sizes.ts";
import { type Finding, sourceFile, type Tree } from "./tree.ts";
import { checkWords } from "./words.ts";

test("a package imports only the packages listed for it", () => {
  const tree = treeOf({ "packages/load/src/run.ts": 'import { createCluster } from "@dsql-local/cluster";' });
  assert.match(only(checkLayers(tree)).message, /packages\/load may import only account, spec/);
  assert.deepEqual(checkLayers(treeOf({ "packages/load/src/run.ts": 'import "@dsql-local/spec";' })), []);
});

test("a part test may use packages that its package may not", () => {
  const tree = treeOf({ "packages/load/test/run.test.ts": 'import "@dsql-local/cluster";' });
  assert.deepEqual(checkLayers(tree), []);
});

test("a package is imported by its name and through its front door", () => {
  const inside = treeOf({
    "packages/cloud/src/sts.ts": 'import "@dsql-local/cluster/dist/src/auth/index.js";',
  });
  assert.match(only(checkLayers(inside)).message, /front door of @dsql-local\/cluster/);
  const across = treeOf({ "packages/cloud/src/sts.ts": 'import "../../cluster/src/index.ts";' });
  assert.match(only(checkLayers(across)).message, /reaches into packages\/cluster/);
});

test("conformance may start the local cluster but not depend on it", () => {
  assert.deepEqual(checkLayers(treeOf({ "conformance/run.ts": 'await import("@dsql-local/cluster");' })), []);
  assert.equal(checkLayers(treeOf({ "conformance/run.ts": 'import "@dsql-local/cluster";' })).length, 1);
});

test("a part of the cluster does not know its neighbours or those above it", () => {
  const sideways = treeOf({ "packages/cluster/src/wire/encoder.ts": 'import "../sql/index.ts";' });
  assert.match(only(checkLayers(sideways)).message, /part wire may not know sql/);
  const upwards = treeOf({ "packages/cluster/src/session/session.ts": 'export { x } from "../cluster.ts";' });
  assert.match(only(checkLayers(upwards)).message, /part session may not know cluster/);
  const downwards = treeOf({
    "packages/cluster/src/session/session.ts": 'import type { A } from "../wire/index.ts";',
  });
  assert.deepEqual(checkLayers(downwards), []);
});

test("an import cycle is told with the whole way round", () => {
  const tree = treeOf({
    "packages/spec/src/a.ts": 'import "./b.ts";',
    "packages/spec/src/b.ts": 'import { c } from "./c.ts";',
    "packages/spec/src/c.ts": 'export * from "./a.ts";',
  });
  const finding = only(checkCycles(tree));
  assert.equal(finding.severity, "error");
  assert.match(finding.message, /a\.ts → .*b\.ts → .*c\.ts → .*a\.ts\./);
});

test("a cycle that only types close is a warning", () => {
  const closedBy = (back: string) =>
    treeOf({ "packages/spec/src/a.ts": 'import { b } from "./b.ts";', "packages/spec/src/b.ts": back });
  for (const back of ['import type { A } from "./a.ts";', 'import { type A } from "./a.ts";']) {
    assert.equal(only(checkCycles(closedBy(back))).severity, "warning", back);
  }
  assert.equal(only(checkCycles(closedBy('import { type A, a } from "./a.ts";'))).severity, "error");
});

test("two ways to the same file are no cycle", () => {
  const tree = treeOf({
    "packages/spec/src/a.ts": 'import "./b.ts"; import "./c.ts";',
    "packages/spec/src/b.ts": 'import "./c.ts";',
    "packages/spec/src/c.ts": "",
  });
  assert.deepEqual(checkCycles(tree), []);
});

test("code outside a part comes in by its front door; tests may look inside", () => {
  const files = { "packages/cluster/src/wire/index.ts": "", "packages/cluster/src/wire/decoder.ts": "" };
  const outside = treeOf({ ...files, "packages/cluster/src/session/a.ts": 'import "../wire/decoder.ts";' });
  assert.match(only(checkFrontDoors(outside)).message, /front door, packages\/cluster\/src\/wire\/index\.ts/);
  const inside = treeOf({ ...files, "packages/cluster/src/wire/encoder.ts": 'import "./decoder.ts";' });
  assert.deepEqual(checkFrontDoors(inside), []);
  const tested = treeOf({
    ...files,
    "packages/cluster/test/wire.test.ts": 'import "../src/wire/decoder.ts";',
  });
  assert.deepEqual(checkFrontDoors(tested), []);
});

test("a part that others use has an index.ts", () => {
  const tree = treeOf({
    "packages/cluster/src/wire/decoder.ts": "",
    "packages/cluster/src/cluster.ts": 'import "./wire/decoder.ts";',
  });
  assert.equal(only(checkFrontDoors(tree)).file, "packages/cluster/src/wire");
});

test("a long function is a warning, a very long one an error", () => {
  const functionOf = (lines: number) => `function f() {\n${"step();\n".repeat(lines)}}`;
  const severities = [60, 100, 200].map((lines) =>
    checkSizes(treeOf({ "packages/spec/src/a.ts": functionOf(lines) })).map((finding) => finding.severity),
  );
  assert.deepEqual(severities, [[], ["warning"], ["error"]]);
});

test("a long file is a warning, a very long one an error", () => {
  const severities = [400, 600, 900].map((lines) =>
    checkSizes(treeOf({ "packages/spec/src/a.ts": "step();\n".repeat(lines) })).map(
      (finding) => finding.severity,
    ),
  );
  assert.deepEqual(severities, [[], ["warning"], ["error"]]);
});

test("a word that says unfinished is found with its line", () => {
  const finding = only(
    checkWords(treeOf({ "packages/spec/src/a.ts": `step();\n// ${"TO"}${"DO"}: the rest` })),
  );
  assert.equal(finding.line, 2);
});

test("a link that leads nowhere is found; links to folders and the web are not followed", () => {
  const page = "[a](docs/a.md) [c](docs/) [e](https://example.com) [f](docs/none.md) `[g](none.md)`";
  const tree = treeOf({ "README.md": page, "docs/a.md": "" });
  assert.match(only(checkDocuments(tree)).message, /links to docs\/none\.md/);
});

test("a link to a heading that does not exist is found, in this page and in others", () => {
  const page = "# Top\n\n[a](#top) [b](docs/a.md#what-psql-cant-do) [c](docs/a.md#part) [d](#part)";
  const tree = treeOf({ "README.md": page, "docs/a.md": "## What `psql` can't do\n\n```sh\n# part\n```\n" });
  assert.deepEqual(
    checkDocuments(tree).map(({ line, message }) => [line, message]),
    [
      [3, "links to docs/a.md#part, but docs/a.md has no such heading."],
      [3, "links to #part, but README.md has no such heading."],
    ],
  );
});

test("a heading that comes twice has two anchors", () => {
  const page = "## Run\n\n## Run\n\n[a](#run) [b](#run-1) [c](#run-2)";
  assert.match(only(checkDocuments(treeOf({ "README.md": page }))).message, /#run-2/);
});

test("a comment that refers to a missing page is found", () => {
  const tree = treeOf({ "packages/spec/src/a.ts": "// See docs/none.md.", "packages/spec/README.md": "" });
  assert.match(only(checkDocuments(tree)).message, /docs\/none\.md/);
});

test("a README names each runtime dependency of its package", () => {
  const manifest = JSON.stringify({ dependencies: { pg: "1", commander: "1", "@dsql-local/spec": "1" } });
  const tree = treeOf({
    "packages/cli/package.json": manifest,
    "packages/cli/README.md": "`pg` speaks to it.",
  });
  assert.match(only(checkDocuments(tree)).message, /`commander`/);
});

test("a README lists no dependency that its package does not have", () => {
  const treeWith = (list: string): Tree =>
    treeOf({
      "packages/cli/package.json": JSON.stringify({ dependencies: { pg: "1", "@dsql-local/spec": "1" } }),
      "packages/cli/README.md": list,
    });
  const list =
    "## Dependencies\n\n- `pg`: speaks to `x`.\n- `@dsql-local/spec`, `gone`,\n  `left`: facts.\n\nThen\n\n- `y`: no";
  assert.deepEqual(
    checkDocuments(treeWith(list)).map(({ line, message }) => [line, /`([^`]+)`/.exec(message)?.[1]]),
    [
      [4, "gone"],
      [5, "left"],
    ],
  );
  assert.deepEqual(checkDocuments(treeWith("`pg`\n\n- `elsewhere`: no list of dependencies")), []);
});

test("rooms of one part do not need each other", () => {
  const both = {
    "packages/cluster/src/session/ddl/run.ts": 'import "../session.ts";',
    "packages/cluster/src/session/session.ts": 'import { run } from "./ddl/run.ts";',
  };
  assert.match(only(checkRooms(treeOf(both))).message, /ddl .*session\.ts/);
  const throughTypes = {
    "packages/cluster/src/session/ddl/run.ts": 'import type { A } from "../explain/a.ts";',
    "packages/cluster/src/session/explain/b.ts": 'import "../ddl/other.ts";',
  };
  assert.match(only(checkRooms(treeOf(throughTypes))).message, /ddl .*explain/);
  const oneWay = {
    "packages/cluster/src/session/ddl/run.ts": 'import "../block.ts"; import "./other.ts";',
    "packages/cluster/src/session/session.ts": 'import "./ddl/run.ts"; import "./block.ts";',
    "packages/cluster/src/session/block.ts": 'import "../wire/index.ts";',
  };
  assert.deepEqual(checkRooms(treeOf(oneWay)), []);
});

function treeOf(files: Record<string, string>): Tree {
  const all = Object.entries(files).map(([path, text]) => ({ path, text }));
  const folders = all.flatMap(({ path }) =>
    path.split("/").map((_, depth, names) => names.slice(0, depth).join("/")),
  );
  return {
    sources: all.filter(({ path }) => path.endsWith(".ts")).map(({ path, text }) => sourceFile(path, text)),
    documents: all.filter(({ path }) => path.endsWith(".md")),
    manifests: all.filter(({ path }) => path.endsWith("package.json")),
    paths: new Set([...all.map(({ path }) => path), ...folders.filter((folder) => folder !== "")]),
  };
}

function only(findings: readonly Finding[]): Finding {
  assert.equal(findings.length, 1, JSON.stringify(findings));
  return findings[0] as Finding;
}
