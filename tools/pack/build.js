/**
 * Makes the folder of a published package from the compiled workspaces.
 *
 * The workspaces below it (`@dsql-local/spec`, the cluster and so on) come along as files, so a package needs none of ours
 * but itself; what is not ours stays a dependency. Each file of ours is one file there, as ES module below `dist/esm` and as
 * CommonJS below `dist/cjs`, so that a stack trace reads as here and every door shares the classes of the others. Programs
 * and workers exist once, below `dist/esm`, which is where `import.meta.url` points from both.
 */
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { builtinModules } from "node:module";
import path from "node:path";
import { rollup } from "rollup";
import { dts } from "rollup-plugin-dts";

export const root = path.resolve(import.meta.dirname, "../..");
const readJson = (file) => JSON.parse(readFileSync(path.join(root, file), "utf8"));

const ourFolders = readJson("package.json").workspaces.filter((folder) => folder.startsWith("packages/"));
const ours = new Map(ourFolders.map((folder) => [readJson(`${folder}/package.json`).name, folder]));

/** `{ ".": "index", "./pg": "pg" }`: the doors of a workspace, by the file behind each. */
function doorsOf(workspace) {
  return Object.fromEntries(
    Object.entries(readJson(`${workspace}/package.json`).exports)
      .filter(([, target]) => typeof target === "object")
      .map(([door, target]) => [door, target.default.replace(/^\.\/dist\/src\/|\.js$/g, "")]),
  );
}

/** `toolkit/pg` of `packages/toolkit/dist/src/pg.js`: where a file of ours stands in a published package. */
function placeOf(file) {
  return path
    .relative(path.join(root, "packages"), file)
    .replaceAll("\\", "/")
    .replace("/dist/src/", "/")
    .replace(/(\.d)?\.[cm]?[jt]s$/, "");
}

/** Leads the names of our workspaces to their compiled files, or with `suffix` `.d.ts` to their declarations. */
function ourWorkspaces(suffix, externals) {
  return {
    name: "our-workspaces",
    resolveId(specifier, importer) {
      if (importer === undefined) return null;
      if (specifier.startsWith(".")) {
        const file = path.resolve(path.dirname(importer), specifier);
        return suffix === ".js" ? file : file.replace(/\.[jt]s$/, suffix);
      }
      const name = specifier.startsWith("@") ? specifier.split("/", 2).join("/") : specifier.split("/", 1)[0];
      const folder = ours.get(name);
      if (folder !== undefined) {
        const door = `.${specifier.slice(name.length)}`;
        const file = doorsOf(folder)[door];
        if (file === undefined)
          throw new Error(`${importer} imports ${specifier}, which is no door of ${folder}`);
        return path.join(root, folder, "dist/src", `${file}${suffix}`);
      }
      if (!specifier.startsWith("node:") && !builtinModules.includes(specifier)) externals.add(name);
      return { id: specifier, external: true };
    },
  };
}

/** What the compiler left of an import for a type is no fault. */
const refuse = (warning) => {
  if (warning.code === "UNUSED_EXTERNAL_IMPORT") return;
  throw new Error(`rollup: ${warning.message}`);
};

/** `import.meta.url` of the CommonJS form names the same file's ES module: programs, workers and assets lie beside that. */
const urlOfModule = {
  name: "url-of-module",
  resolveImportMeta(property, { chunkId }) {
    const upwards = "../".repeat(chunkId.split("/").length);
    const file = `require("node:path").join(__dirname, ${JSON.stringify(`${upwards}esm/${chunkId}`)})`;
    if (property === "url") return `require("node:url").pathToFileURL(${file}).href`;
    throw new Error(`${chunkId} uses import.meta.${property}, which CommonJS has not`);
  },
};

async function writeModules({ inputs, format, dir, externals }) {
  const plugins = [ourWorkspaces(".js", externals), ...(format === "cjs" ? [urlOfModule] : [])];
  const bundle = await rollup({ input: inputs, plugins, onwarn: refuse, treeshake: false });
  await bundle.write({
    dir,
    format,
    preserveModules: true,
    entryFileNames: ({ facadeModuleId }) => `${placeOf(facadeModuleId)}.js`,
    exports: "named",
    interop: "auto",
    esModule: true,
    // In CommonJS a library is reached by require(): an import() is not possible in Jest's environment.
    dynamicImportInCjs: false,
    hoistTransitiveImports: false,
  });
  await bundle.close();
}

async function writeTypes({ inputs, dirs, externals }) {
  const plugins = [ourWorkspaces(".d.ts", externals), dts()];
  const bundle = await rollup({ input: inputs, plugins, onwarn: refuse });
  for (const dir of dirs) {
    await bundle.write({
      dir,
      format: "es",
      entryFileNames: "[name].d.ts",
      chunkFileNames: "types/[name].d.ts",
    });
  }
  await bundle.close();
}

/** @returns the folder, ready for `npm pack` */
export async function buildPackage(definition, outDir) {
  const { name, workspace, programs, assets, bin, typesOf, optionalPeers } = definition;
  const folder = path.join(outDir, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const short = path.basename(workspace);
  const doors = Object.entries(doorsOf(workspace));
  const file = (door, suffix) => path.join(root, workspace, "dist/src", `${door}${suffix}`);
  const [esm, cjs] = ["esm", "cjs"].map((form) => path.join(folder, "dist", form));
  const needed = new Set();
  const typesNeeded = new Set();
  const libraries = doors.map(([, door]) => file(door, ".js"));
  await writeModules({
    inputs: [...libraries, ...programs.map((program) => path.join(root, program))],
    format: "es",
    dir: esm,
    externals: needed,
  });
  await writeModules({ inputs: libraries, format: "cjs", dir: cjs, externals: needed });
  const types = Object.fromEntries(doors.map(([, door]) => [`${short}/${door}`, file(door, ".d.ts")]));
  await writeTypes({ inputs: types, dirs: [esm, cjs], externals: typesNeeded });
  for (const asset of assets) {
    const target = path.join(esm, asset.replace(/^packages\//, "").replace("/dist/src/", "/"));
    mkdirSync(path.dirname(target), { recursive: true });
    cpSync(path.join(root, asset), target, { recursive: true });
  }
  const { version, description, keywords, license, engines } = readJson(`${workspace}/package.json`);
  // The programs say their version; this is where they look for it.
  writeJson(path.join(folder, "dist/package.json"), { name, version });
  writeJson(path.join(esm, "package.json"), { type: "module" });
  writeJson(path.join(cjs, "package.json"), { type: "commonjs" });
  for (const [command, program] of Object.entries(bin)) {
    const target = path.join(folder, "bin", `${command}.js`);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(
      target,
      `#!/usr/bin/env node\nimport { main } from "../dist/esm/${program}";\n\nawait main();\n`,
    );
    chmodSync(target, 0o755);
  }
  const exports = Object.fromEntries(
    doors.map(([door, place]) => [
      door,
      Object.fromEntries(
        [
          ["import", "esm"],
          ["require", "cjs"],
        ].map(([condition, form]) => [
          condition,
          {
            types: `./dist/${form}/${short}/${place}.d.ts`,
            default: `./dist/${form}/${short}/${place}.js`,
          },
        ]),
      ),
    ]),
  );
  const missing = [...typesNeeded].filter((each) => !needed.has(each) && !optionalPeers.includes(each));
  if (missing.length > 0)
    throw new Error(`${name}: its types need ${missing.join(", ")}, which it does not bring`);
  writeJson(path.join(folder, "package.json"), {
    name,
    version,
    description,
    keywords,
    license,
    type: "module",
    ...(Object.keys(bin).length > 0 && {
      bin: Object.fromEntries(Object.keys(bin).map((command) => [command, `bin/${command}.js`])),
    }),
    main: exports["."].require.default,
    types: exports["."].require.types,
    exports: { ...exports, "./package.json": "./package.json" },
    sideEffects: false,
    files: ["dist", ...(Object.keys(bin).length > 0 ? ["bin"] : [])],
    engines,
    dependencies: dependenciesOf(definition, needed),
    ...(optionalPeers.length > 0 && {
      peerDependencies: peersOf(workspace, optionalPeers),
      peerDependenciesMeta: Object.fromEntries(optionalPeers.map((each) => [each, { optional: true }])),
    }),
  });
  copyFileSync(path.join(root, "LICENSE"), path.join(folder, "LICENSE"));
  cpSync(path.join(root, workspace, "README.md"), path.join(folder, "README.md"));
  return folder;
}

/**
 * What the workspaces that come along depend on, in the versions that are tested. Not only what is imported: programs and
 * parsers are found by name, and Lambda functions are given the AWS SDK.
 */
export function dependenciesOf({ name, workspace, typesOf, optionalPeers }, needed) {
  const found = Object.assign({}, ...workspacesOf(workspace).map((folder) => thirdParty(folder)));
  for (const each of typesOf) found[each] = readJson("package.json").devDependencies[each];
  const missing = [...needed].filter((each) => found[each] === undefined && !optionalPeers.includes(each));
  if (missing.length > 0)
    throw new Error(`${name} imports ${missing.join(", ")}, which no workspace depends on`);
  return Object.fromEntries(Object.entries(found).sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** A workspace and those of ours it depends on, directly or not. */
function workspacesOf(workspace, known = new Set()) {
  if (known.has(workspace)) return [...known];
  known.add(workspace);
  const { dependencies = {} } = readJson(`${workspace}/package.json`);
  for (const name of Object.keys(dependencies)) if (ours.has(name)) workspacesOf(ours.get(name), known);
  return [...known];
}

function thirdParty(workspace) {
  const { dependencies = {} } = readJson(`${workspace}/package.json`);
  return Object.fromEntries(Object.entries(dependencies).filter(([name]) => !ours.has(name)));
}

function peersOf(workspace, names) {
  const { peerDependencies } = readJson(`${workspace}/package.json`);
  return Object.fromEntries(names.map((name) => [name, peerDependencies[name]]));
}

function writeJson(file, value) {
  writeFileSync(file, `${JSON.stringify(value, undefined, 2)}\n`);
}

export function isBuilt() {
  return ourFolders.every((folder) => existsSync(path.join(root, folder, "dist/src")));
}
