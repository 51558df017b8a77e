/**
 * The module instances of one environment: `require` and `import` as Node has them, with instances of its own.
 *
 * CommonJS runs as Node runs it, wrapped in a function, whose parameters also give it a `globalThis` of its own. ES
 * modules run as `vm.SourceTextModule`s, which differ from Node's in one thing: an import of a CommonJS file of the zip
 * sees the names that its exports have once it has run.
 */

import { readFileSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import vm from "node:vm";
import { ownGlobal } from "./own-global.ts";
import { globalModule, type ModuleFiles } from "./module-files.ts";

interface CommonJsModule {
  readonly id: string;
  readonly filename: string;
  readonly path: string;
  readonly children: readonly unknown[];
  exports: unknown;
  loaded: boolean;
  require: (specifier: string) => unknown;
}

type Require = ((specifier: string) => unknown) & {
  resolve: (specifier: string) => string;
  cache: Record<string, unknown>;
  main: undefined;
};

const nativeRequire = createRequire(import.meta.url);

export class Modules {
  readonly #files: ModuleFiles;
  readonly #global = ownGlobal();
  readonly #commonJs: Record<string, CommonJsModule> = Object.create(null) as Record<string, CommonJsModule>;
  readonly #linked = new Map<string, Promise<vm.Module>>();

  constructor(files: ModuleFiles) {
    this.#files = files;
  }

  /** The exports of a file: at once for CommonJS, later for an ES module. */
  load(file: string): unknown {
    return this.#files.format(file) === "module" ? this.#importFile(file) : this.#requireFile(file);
  }

  async #importFile(file: string): Promise<unknown> {
    return (await this.import(file, file)).namespace;
  }

  // CommonJS

  #require(specifier: string, referrer: string): unknown {
    if (isBuiltin(specifier)) return this.#builtin(specifier);
    const resolved = this.#files.resolve(specifier, referrer, "require");
    if ("provided" in resolved) return this.#files.provided(resolved.provided, referrer, "require");
    return this.#requireFile(resolved.file);
  }

  #builtin(specifier: string): unknown {
    const builtin: unknown = nativeRequire(specifier);
    if (!isModuleBuiltin(specifier)) return builtin;
    // Its createRequire would load the zip's files outside this environment.
    return Object.assign(Object.create(builtin as object) as object, {
      createRequire: (from: string | URL) => this.#requireFrom(pathOf(from)),
    });
  }

  #requireFrom(referrer: string): Require {
    return Object.assign((specifier: string) => this.#require(specifier, referrer), {
      resolve: (specifier: string): string => {
        if (isBuiltin(specifier)) return specifier;
        const resolved = this.#files.resolve(specifier, referrer, "require");
        return "file" in resolved ? resolved.file : resolved.provided;
      },
      cache: this.#commonJs,
      main: undefined,
    });
  }

  #requireFile(file: string): unknown {
    const known = this.#commonJs[file];
    if (known !== undefined) return known.exports;
    const format = this.#files.format(file);
    if (format === "module") throw requireOfModule(file);
    if (format === "addon") return nativeRequire(file) as unknown;
    const module = this.#newCommonJs(file);
    this.#commonJs[file] = module;
    try {
      if (format === "json") module.exports = JSON.parse(readFileSync(file, "utf8")) as unknown;
      else this.#run(module);
    } catch (error) {
      // As in Node: the next require tries again instead of seeing half a module.
      Reflect.deleteProperty(this.#commonJs, file);
      throw error;
    }
    module.loaded = true;
    return module.exports;
  }

  #newCommonJs(file: string): CommonJsModule {
    const path = dirname(file);
    return {
      id: file,
      filename: file,
      path,
      children: [],
      exports: {},
      loaded: false,
      require: (specifier) => this.#require(specifier, file),
    };
  }

  #run(module: CommonJsModule): void {
    const { exports, filename, path } = module;
    const compiled = this.#files.compile(filename);
    compiled.call(
      exports,
      exports,
      this.#requireFrom(filename),
      module,
      filename,
      path,
      this.#global,
      this.#global,
    );
  }

  // ES modules

  /** Evaluated and ready to read, with everything it imports. */
  async import(specifier: string, referrer: string): Promise<vm.Module> {
    const module = await this.#linkedModule(specifier, referrer);
    if (module.status === "unlinked")
      await module.link((name, from) => this.#linkedModule(name, pathOf(from.identifier)));
    await module.evaluate();
    return module;
  }

  #linkedModule(specifier: string, referrer: string): Promise<vm.Module> {
    const { key, make } = this.#recipe(specifier, referrer);
    let module = this.#linked.get(key);
    if (module === undefined) {
      module = Promise.resolve().then(make);
      this.#linked.set(key, module);
    }
    return module;
  }

  #recipe(specifier: string, referrer: string): { key: string; make: () => vm.Module } {
    if (specifier === globalModule) {
      return {
        key: specifier,
        make: () => synthetic(specifier, { globalThis: this.#global, global: this.#global }),
      };
    }
    if (isBuiltin(specifier)) {
      const make = (): vm.Module => syntheticOf(specifier, this.#builtin(specifier));
      return { key: specifier, make: isModuleBuiltin(specifier) ? make : () => shared(specifier, make) };
    }
    const resolved = this.#files.resolve(specifier, referrer, "import");
    if ("provided" in resolved) {
      const { provided } = resolved;
      const make = (): vm.Module => syntheticOf(provided, this.#files.provided(provided, referrer, "import"));
      return { key: provided, make: () => shared(provided, make) };
    }
    const { file } = resolved;
    const isModule = this.#files.format(file) === "module";
    return {
      key: file,
      make: () => (isModule ? this.#compile(file) : syntheticOf(file, this.#requireFile(file))),
    };
  }

  #compile(file: string): vm.Module {
    return this.#files.compileModule(file, {
      initializeImportMeta: (meta) => {
        Object.assign(meta, {
          url: pathToFileURL(file).href,
          filename: file,
          dirname: dirname(file),
          resolve: (specifier: string) => this.#importMetaResolve(specifier, file),
        });
      },
      importModuleDynamically: (specifier: string) => this.import(specifier, file),
    });
  }

  #importMetaResolve(specifier: string, referrer: string): string {
    if (isBuiltin(specifier)) return specifier.startsWith("node:") ? specifier : `node:${specifier}`;
    const resolved = this.#files.resolve(specifier, referrer, "import");
    return "file" in resolved ? pathToFileURL(resolved.file).href : resolved.provided;
  }
}

function isModuleBuiltin(specifier: string): boolean {
  return specifier === "module" || specifier === "node:module";
}

/** Modules of Node.js and of the runtime have no state of an environment's, so the thread's environments share them. */
const sharedModules = new Map<string, vm.Module>();

function shared(name: string, make: () => vm.Module): vm.Module {
  let module = sharedModules.get(name);
  if (module === undefined) {
    module = make();
    sharedModules.set(name, module);
  }
  return module;
}

function pathOf(location: string | URL): string {
  return location instanceof URL || location.startsWith("file:") ? fileURLToPath(location) : location;
}

function requireOfModule(file: string): Error {
  return Object.assign(new Error(`require() of ES Module ${file} is not supported; use import() instead`), {
    code: "ERR_REQUIRE_ESM",
  });
}

/** A module of what CommonJS or Node exports: all as `default`, and each name that can be a variable's. */
function syntheticOf(name: string, exports: unknown): vm.Module {
  const names: Record<string, unknown> = {};
  if ((typeof exports === "object" && exports !== null) || typeof exports === "function") {
    for (const key in exports) names[key] = (exports as Record<string, unknown>)[key];
    for (const key of Object.keys(exports)) names[key] = (exports as Record<string, unknown>)[key];
  }
  return synthetic(name, { ...names, default: exports });
}

function synthetic(name: string, exports: Record<string, unknown>): vm.Module {
  return new vm.SyntheticModule(
    Object.keys(exports),
    function (this: vm.SyntheticModule) {
      for (const [key, value] of Object.entries(exports)) this.setExport(key, value);
    },
    { identifier: name },
  );
}
