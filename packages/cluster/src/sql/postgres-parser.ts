/**
 * PostgreSQL's own parser, compiled to WebAssembly by `libpg-query`.
 *
 * The package's `parseSync` keeps one instance for the life of the process. A deep enough expression (some thousand `+1`)
 * overflows the stack inside it; the overflow leaves the instance's own stack pointer where it was, and after about forty
 * such statements every later one fails ("memory access out of bounds", measured with 16.7.3). One client could so disable
 * the cluster for all. So this module holds the instance itself and replaces it after an overflow, and also when a huge
 * source made it grow, because WebAssembly memory never shrinks. The compiled code is kept, and a new instance of it needs
 * nothing but microtasks: it is there before the next message of any client is looked at.
 *
 * Tests: postgres-parser.test.ts.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Node } from "libpg-query";
import { defined, SqlError } from "../base/index.ts";
import { syntaxErrorFields } from "./syntax-errors.ts";
import { errors } from "@dsql-local/spec";

/** A statement of the source; offsets count UTF-8 bytes, as all of PostgreSQL's do. */
export interface RawStatement {
  readonly stmt: Node;
  readonly stmt_location?: number;
  /** Missing for a last statement that no semicolon ends. */
  readonly stmt_len?: number;
}

/** What is used of the instance that libpg-query's loader makes. */
interface ParserInstance {
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  _wasm_parse_query_raw(query: number): number;
  _wasm_free_parse_result(result: number): void;
  getValue(pointer: number, type: "i32"): number;
  UTF8ToString(pointer: number): string;
  stringToUTF8(text: string, pointer: number, bytesMax: number): void;
  lengthBytesUTF8(text: string): number;
}

/** Every Node has it, but its type definitions leave it to those of the browser. */
interface WebAssemblyApi {
  compile(code: Uint8Array): Promise<CompiledCode>;
  readonly Instance: new (code: CompiledCode, imports: object) => object;
}
type CompiledCode = object;
const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyApi };

interface LoaderOptions {
  /** Takes the place of the loader's own reading and compiling. */
  instantiateWasm(imports: object, done: (instance: object) => void): object;
}

const require = createRequire(import.meta.url);
const load = require("libpg-query/wasm/libpg-query.js") as (
  options: LoaderOptions,
) => Promise<ParserInstance>;

/**
 * An instance that has grown by more than this is replaced after the parse. It begins with 128 MiB of address space, of
 * which little is used; a 10 MiB source needs about 100 MiB.
 */
const growthBytesMax = 64 * 1024 * 1024;

let compiled: CompiledCode | undefined;
let instance: ParserInstance | undefined;
let bytesAtFirst = 0;
let isBeingReplaced = false;

/** Loads the parser. To be awaited once, before the first parse. */
export async function loadParser(): Promise<void> {
  compiled ??= await WebAssembly.compile(
    await readFile(require.resolve("libpg-query/wasm/libpg-query.wasm")),
  );
  instance ??= await createInstance(compiled);
  bytesAtFirst ||= instance.HEAPU8.length;
}

function createInstance(code: CompiledCode): Promise<ParserInstance> {
  return load({
    instantiateWasm(imports, done) {
      done(new WebAssembly.Instance(code, imports));
      return {};
    },
  });
}

/**
 * @param onSize - hears how many characters the tree has as JSON: it takes about three bytes for each
 * @throws {SqlError} 42601, PostgreSQL's text, with the position in `text`; 54001 when the nesting is too deep
 */
export function parseTree(text: string, onSize?: (characters: number) => void): readonly RawStatement[] {
  // PostgreSQL's text for the one byte that its strings cannot hold.
  if (text.includes("\0")) throw SqlError.of(errors.nulByte);
  const parser = defined(instance, "loadParser() was awaited");
  try {
    return parseWith(parser, text, onSize);
  } catch (error) {
    if (!isOverflow(error)) throw error;
    replaceInstance();
    throw new SqlError({ ...errors.stackDepth }, { cause: error });
  } finally {
    if (parser.HEAPU8.length > bytesAtFirst + growthBytesMax) replaceInstance();
  }
}

/** Of our stack (RangeError) or of the instance's own (RuntimeError), or what an earlier one has left behind. */
const isOverflow = (error: unknown): boolean =>
  error instanceof RangeError || (error instanceof Error && error.name === "RuntimeError");

function replaceInstance(): void {
  if (isBeingReplaced) return;
  isBeingReplaced = true;
  const done = (created?: ParserInstance): void => {
    instance = created ?? instance;
    isBeingReplaced = false;
  };
  // No memory for a second instance: the old one goes on, and the next overflow tries again.
  createInstance(defined(compiled, "a parser that failed was loaded")).then(done, () => {
    done();
  });
}

function parseWith(
  parser: ParserInstance,
  text: string,
  onSize?: (characters: number) => void,
): readonly RawStatement[] {
  const bytes = parser.lengthBytesUTF8(text) + 1;
  const query = parser._malloc(bytes);
  if (query === 0) throw new RangeError("the parser's memory is used up");
  let result = 0;
  try {
    parser.stringToUTF8(text, query, bytes);
    result = parser._wasm_parse_query_raw(query);
    // struct { char *parse_tree; char *stderr_buffer; PgQueryError *error; } of libpg_query's C interface.
    const error = parser.getValue(result + 8, "i32");
    if (error !== 0) throw syntaxError(parser, error, text);
    const json = parser.UTF8ToString(parser.getValue(result, "i32"));
    onSize?.(json.length);
    // The empty text has no tree.
    return json === "" ? [] : (JSON.parse(json) as { readonly stmts: readonly RawStatement[] }).stmts;
  } finally {
    parser._free(query);
    if (result !== 0) parser._wasm_free_parse_result(result);
  }
}

/** struct { char *message; char *funcname; char *filename; int lineno; int cursorpos; char *context; } */
function syntaxError(parser: ParserInstance, error: number, text: string): SqlError {
  const message = parser.UTF8ToString(parser.getValue(error, "i32"));
  return new SqlError(syntaxErrorFields(message, parser.getValue(error + 16, "i32"), text));
}
