/**
 * A function's files as this thread knows them: where a specifier leads, which format a file has, its compiled code.
 *
 * Shared by the thread's environments and never changing, since a thread serves one unpacked zip. A bundle is compiled
 * once; each environment only runs it, which is what makes a thousand of them affordable.
 *
 * Source: Node.js documentation, "Modules: CommonJS modules" and "Determining module system".
 */

import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, isAbsolute, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import vm from "node:vm";
import { isNotFound, moduleNotFound } from "./module-errors.ts";
import { isProvided, ProvidedPackages } from "./provided-packages.ts";

export type ModuleFormat = "commonjs" | "module" | "json" | "addon";

/** A CommonJS file as a function; the last two stand for the names that would reach the thread's shared global object. */
export type CompiledModule = (
  this: unknown,
  exports: unknown,
  require: unknown,
  module: unknown,
  filename: string,
  directory: string,
  globalThis: unknown,
  global: unknown,
) => void;

export type ImportDynamically = (specifier: string, referrer: string) => Promise<vm.Module>;

/** Where a specifier leads: a file of the zip, or a module that Lambda's runtime brings along. */
export type Resolved = { readonly file: string } | { readonly provided: string };

interface ModuleSource {
  readonly source: string;
  /** V8's code cache; none for code with an `import()`, which fails in code from a cache (seen with Node.js 20). */
  readonly code: Buffer | undefined;
}

const dynamicImport = /\bimport\s*(?:\/\*[^]*?\*\/\s*|\/\/[^\n]*\n\s*)*\(/;

/** What ES modules import their environment's own global object from. */
export const globalModule = "environment:global";
/** On the first line, as not to move the others. */
const globalImport = `import { globalThis, global } from "${globalModule}";`;

const wrapperParameters = ["exports", "require", "module", "__filename", "__dirname"];
const globalParameters = ["globalThis", "global"];

export class ModuleFiles {
  readonly taskRoot: string;
  readonly #importDynamically: ImportDynamically;
  readonly #resolved = new Map<string, Resolved>();
  readonly #formats = new Map<string, ModuleFormat>();
  readonly #compiled = new Map<string, CompiledModule>();
  readonly #moduleSources = new Map<string, ModuleSource>();
  readonly #provided = new ProvidedPackages(process.cwd());

  constructor(taskRoot: string, importDynamically: ImportDynamically) {
    this.taskRoot = realpathSync(taskRoot);
    this.#importDynamically = importDynamically;
  }

  /** @throws {Error} with code MODULE_NOT_FOUND, as `require` itself */
  resolve(specifier: string, referrer: string, how: "require" | "import"): Resolved {
    const key = `${how}\0${referrer}\0${specifier}`;
    let resolved = this.#resolved.get(key);
    if (resolved === undefined) {
      resolved = this.#find(specifier, referrer, how);
      this.#resolved.set(key, resolved);
    }
    return resolved;
  }

  /**
   * The zip's own packages come first, as in Lambda. What Node finds above the zip, in the project that the data
   * directory lies in, say, is not there once deployed, so it does not count.
   */
  #find(specifier: string, referrer: string, how: "require" | "import"): Resolved {
    try {
      const file =
        how === "require"
          ? createRequire(referrer).resolve(specifier)
          : fileURLToPath(import.meta.resolve(specifier, pathToFileURL(referrer)));
      if (this.#isInside(file) && existsSync(file)) return { file };
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    if (isProvided(specifier)) return { provided: specifier };
    throw moduleNotFound(specifier, referrer);
  }

  #isInside(file: string): boolean {
    const path = relative(this.taskRoot, file);
    return path !== "" && !path.startsWith("..") && !isAbsolute(path);
  }

  /** A module that the runtime brings along; loaded once per thread. */
  provided(specifier: string, referrer: string, how: "require" | "import"): unknown {
    return this.#provided.load(specifier, referrer, how);
  }

  /** By its ending, and for `.js` by the nearest package.json. */
  format(file: string): ModuleFormat {
    let format = this.#formats.get(file);
    if (format === undefined) {
      format = this.#determineFormat(file);
      this.#formats.set(file, format);
    }
    return format;
  }

  #determineFormat(file: string): ModuleFormat {
    switch (extname(file)) {
      case ".mjs":
        return "module";
      case ".cjs":
        return "commonjs";
      case ".json":
        return "json";
      case ".node":
        return "addon";
      default:
        return this.#packageType(dirname(file));
    }
  }

  #packageType(directory: string): "commonjs" | "module" {
    const description = join(directory, "package.json");
    if (existsSync(description)) {
      const { type } = JSON.parse(readFileSync(description, "utf8")) as { type?: unknown };
      return type === "module" ? "module" : "commonjs";
    }
    return directory === this.taskRoot || directory === dirname(directory)
      ? "commonjs"
      : this.#packageType(dirname(directory));
  }

  compile(file: string): CompiledModule {
    let compiled = this.#compiled.get(file);
    if (compiled === undefined) {
      compiled = this.#compileFile(file);
      this.#compiled.set(file, compiled);
    }
    return compiled;
  }

  #compileFile(file: string): CompiledModule {
    const source = readSource(file);
    const options = {
      filename: file,
      importModuleDynamically: (specifier: string) => this.#importDynamically(specifier, file),
    };
    try {
      return vm.compileFunction(
        source,
        [...wrapperParameters, ...globalParameters],
        options,
      ) as CompiledModule;
    } catch (error) {
      if (!declaresGlobal(error)) throw error;
      return vm.compileFunction(source, wrapperParameters, options) as CompiledModule;
    }
  }

  /**
   * An ES module for one environment. Only the first is compiled from its text; measured with a bundle of 190 KB, the
   * others take 0.1 ms instead of 3.8.
   */
  compileModule(file: string, options: vm.SourceTextModuleOptions): vm.SourceTextModule {
    const known = this.#moduleSources.get(file) ?? this.#compileModuleSource(file);
    return new vm.SourceTextModule(known.source, {
      ...options,
      identifier: pathToFileURL(file).href,
      ...(known.code === undefined ? {} : { cachedData: known.code }),
    });
  }

  #compileModuleSource(file: string): ModuleSource {
    const options = { identifier: pathToFileURL(file).href };
    const plain = readSource(file);
    let source = globalImport + plain;
    let module: vm.SourceTextModule;
    try {
      module = new vm.SourceTextModule(source, options);
    } catch (error) {
      if (!declaresGlobal(error)) throw error;
      source = plain;
      module = new vm.SourceTextModule(source, options);
    }
    // Node.js has had it since 13.7; its type declarations leave it out.
    const cacheable = module as unknown as { createCachedData(): Buffer };
    const known = { source, code: dynamicImport.test(plain) ? undefined : cacheable.createCachedData() };
    this.#moduleSources.set(file, known);
    return known;
  }

  /** The file of a handler's module, which is named without its ending. */
  findHandlerModule(name: string): string | undefined {
    return [".js", ".mjs", ".cjs", ""]
      .map((ending) => join(this.taskRoot, name + ending))
      .find((file) => this.#isInside(file) && existsSync(file) && statSync(file).isFile());
  }
}

function readSource(file: string): string {
  return readFileSync(file, "utf8")
    .replace(/^\uFEFF/, "")
    .replace(/^#!/, "//");
}

/** Code that declares one of the two names itself means its own; then the wrapper must not declare it as well. */
function declaresGlobal(error: unknown): boolean {
  return error instanceof SyntaxError && /'global(?:This)?' has already been declared/.test(error.message);
}
