/** The packages as a user gets them: installed from the tarballs, in an empty folder, with nothing else of ours. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { root } from "../build.js";
import { allowed, licencePage, licencesOf } from "../licences.js";
import { published } from "../published.js";

const packed = path.join(root, "dist-packages");
const tool = (name) => path.join(root, "tools/pack/node_modules", name);
const tarballs = () =>
  readdirSync(packed)
    .filter((name) => name.endsWith(".tgz"))
    .map((name) => path.join(packed, name));

/** @returns what it wrote; fails where it fails */
function run(file, args, { cwd, env = {} }) {
  const { status, stdout, stderr } = spawnSync(file, args, {
    cwd,
    encoding: "utf8",
    env: { ...process.env, ...env },
    shell: process.platform === "win32",
    timeout: 600_000,
  });
  assert.equal(status, 0, `${file} ${args.join(" ")}\n${stdout}\n${stderr}`);
  return stdout + stderr;
}

/** The same, while this process goes on: one that ends is seen to end only when its parent takes notice. */
async function runBeside(file, args, { cwd }) {
  const child = spawn(file, args, { cwd, shell: process.platform === "win32" });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, "close")]);
  assert.equal(code, 0, `${file} ${args.join(" ")}`);
  return output;
}

const node = (args, options) => run(process.execPath, args, options);

const installers = {
  npm: (cwd) => run("npm", ["install", "--no-audit", "--no-fund", ...tarballs()], { cwd }),
  pnpm: (cwd) => node([tool("pnpm/bin/pnpm.cjs"), "add", ...tarballs()], { cwd }),
};

for (const [installer, install] of Object.entries(installers)) {
  describe(`installed by ${installer}`, () => {
    let folder;

    before(() => {
      folder = mkdtempSync(path.join(os.tmpdir(), "dsql-packages-"));
      writeFileSync(path.join(folder, "package.json"), JSON.stringify({ name: "app", private: true }));
      install(folder);
      cpSync(path.join(root, "tools/pack/test/project"), folder, { recursive: true });
      cpSync(path.join(folder, "types.mts"), path.join(folder, "types.cts"));
    });
    after(() => {
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    });

    test("an ES module starts a cluster, migrates it and uses a pool", () => {
      assert.match(node(["esm.mjs"], { cwd: folder }), /esm works/);
    });

    test("a CommonJS module does so by require()", () => {
      assert.match(node(["cjs.cjs"], { cwd: folder }), /cjs works/);
    });

    test("Jest does so in its own environment", () => {
      writeFileSync(
        path.join(folder, "jest.config.json"),
        JSON.stringify({ rootDir: folder, testTimeout: 60_000 }),
      );
      const output = node([tool("jest/bin/jest.js"), "--config", "jest.config.json"], { cwd: folder });
      assert.match(output, /1 passed/);
    });

    for (const [module, resolution, file] of [
      ["node16", "node16", "types.mts"],
      ["node16", "node16", "types.cts"],
      ["nodenext", "nodenext", "types.mts"],
      ["nodenext", "nodenext", "types.cts"],
      ["esnext", "bundler", "types.mts"],
    ]) {
      test(`TypeScript finds whole types: ${resolution}, ${file}`, () => {
        const options = [
          "--noEmit",
          "--strict",
          "--target",
          "es2022",
          "--lib",
          "es2022",
          "--skipLibCheck",
          "false",
        ];
        node(
          [
            tool("typescript/bin/tsc"),
            ...options,
            "--module",
            module,
            "--moduleResolution",
            resolution,
            file,
          ],
          {
            cwd: folder,
          },
        );
      });
    }

    test("npx dsql starts a stack, speaks to it and stops it", async () => {
      const program = path.join(folder, "node_modules/dsql-local/bin/dsql.js");
      const stack = spawn(process.execPath, [program, "start", "--json", "--port", "0", "--aws-port", "0"], {
        cwd: folder,
        stdio: ["ignore", "pipe", "inherit"],
      });
      const ended = once(stack, "close");
      try {
        const [line] = await Promise.race([once(createInterface({ input: stack.stdout }), "line"), ended]);
        assert.match(JSON.parse(line).clusterEndpoint, /\.dsql\.us-east-1\.on\.aws$/);
        const answer = await runBeside("npx", ["--no-install", "dsql", "sql", "--json", "SELECT 1 AS one"], {
          cwd: folder,
        });
        assert.match(answer, /"rows":\[\{"one":1\}\]/);
        await runBeside("npx", ["--no-install", "dsql", "stop"], { cwd: folder });
        assert.equal((await ended)[0], 0);
      } finally {
        stack.kill("SIGKILL");
        await ended;
      }
    });

    test("importing a pool loads no linter, no migrations and no parser", () => {
      const coverage = path.join(folder, "coverage");
      node(["--input-type=module", "-e", 'import "dsql-toolkit/pg"'], {
        cwd: folder,
        env: { NODE_V8_COVERAGE: coverage },
      });
      const scripts = readdirSync(coverage).flatMap((name) =>
        JSON.parse(readFileSync(path.join(coverage, name), "utf8")).result.map(({ url }) => url),
      );
      assert.ok(scripts.some((url) => url.endsWith("/toolkit/pool.js")));
      assert.deepEqual(
        scripts.filter((url) => /\/(lint|migrate)\/|libpg-query|@babel/.test(url)),
        [],
      );
    });
  });
}

for (const definition of published) {
  const folder = path.join(packed, definition.name);
  const tarball = () => tarballs().find((file) => path.basename(file).startsWith(`${definition.name}-`));

  test(`${definition.name}: publint finds nothing`, () => {
    node([tool("publint/src/cli.js"), folder, "--strict"], { cwd: packed });
  });

  test(`${definition.name}: arethetypeswrong finds nothing`, () => {
    // Node 10 knows no `exports`; it is not supported.
    node([tool("@arethetypeswrong/cli/dist/index.js"), tarball(), "--profile", "node16"], { cwd: packed });
  });

  test(`${definition.name}: it holds its licence and no file that is not used`, () => {
    const files = run("tar", ["-tzf", tarball()], { cwd: packed }).split("\n");
    assert.ok(files.includes("package/LICENSE") && files.includes("package/README.md"));
    assert.deepEqual(
      files.filter((file) => /\.(ts|map|tsbuildinfo)$/.test(file) && !file.endsWith(".d.ts")),
      [],
    );
    assert.deepEqual(
      files.filter((file) => /\.test\.|\/test\//.test(file)),
      [],
    );
  });

  test(`${definition.name}: its size and the number of packages it brings stay as they are stated`, () => {
    const { kibibytesMax, packagesMax } = definition;
    const kibibytes = statSync(tarball()).size / 1024;
    const packages = licencesOf(definition).size;
    assert.ok(
      kibibytes <= kibibytesMax,
      `${kibibytes.toFixed(0)} KiB; docs/releasing.md states ${kibibytesMax}`,
    );
    assert.ok(packages <= packagesMax, `${packages} packages; docs/releasing.md states ${packagesMax}`);
    const page = readFileSync(path.join(root, "docs/releasing.md"), "utf8");
    assert.match(page, new RegExp(`\`${definition.name}\` +\\| +${kibibytesMax} KiB +\\| +${packagesMax} `));
  });

  test(`${definition.name}: the licences of what comes along allow it`, () => {
    const refused = [...licencesOf(definition)].filter(([, licence]) => !allowed.has(licence));
    assert.deepEqual(refused, []);
  });
}

test("docs/third-party.md lists what comes along", () => {
  const page = readFileSync(path.join(root, "docs/third-party.md"), "utf8");
  const words = (text) => text.split(/\s+/).join(" ").trim();
  assert.ok(words(page) === words(licencePage()), "it is out of date; write it again: npm run licences");
});

test("the console's page comes along, with the licences of what is in it", () => {
  const folder = path.join(packed, "dsql-local/dist/esm/console/page");
  const page = readFileSync(path.join(folder, "index.html"), "utf8");
  for (const [, file] of page.matchAll(/(?:src|href)="([^"]+)"/g))
    assert.ok(statSync(path.join(folder, file)).size > 0);
  const licences = readFileSync(path.join(folder, "licences.txt"), "utf8");
  for (const name of ["preact", "uplot", "@codemirror/view"])
    assert.ok(licences.includes(`${name}\n\n`), name);
});
