/**
 * The functions of the account on disk: `<folder>/<name>/config.json` and `<folder>/<name>/code/<hash>/`.
 *
 * Always true
 * - A function is known from when its config.json is in place; code that no version refers to is garbage, which the
 *   next start removes.
 * - Code is named by the hash of its zip and never changes once it is in place.
 */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readStateFile, removeStateFile, writeStateFile } from "../state-file.ts";
import { recordShape } from "./function-record-shape.ts";
import type {
  AliasConfiguration,
  EventInvokeConfig,
  FunctionConfiguration,
  FunctionUrl,
  ProvisionedConcurrencyRequest,
} from "./types.ts";
import { unpackZip } from "./unpack-zip.ts";

export interface FunctionRecord {
  /** `$LATEST` */
  readonly latest: FunctionConfiguration;
  /** Published ones, oldest first. */
  readonly versions: readonly FunctionConfiguration[];
  /** The number that the next published version gets; numbers are never used twice. */
  readonly nextVersion: number;
  readonly aliases: readonly AliasConfiguration[];
  readonly tags: Readonly<Record<string, string>>;
  /** Statements of the resource policy: they decide who may call the function's addresses, and nothing else here. */
  readonly policy: readonly PolicyStatement[];
  readonly reservedConcurrency?: number;
  /** By version or alias. */
  readonly provisionedConcurrency?: Readonly<Record<string, ProvisionedConcurrencyRequest>>;
  readonly urls?: readonly FunctionUrl[];
  /** By version, alias or `$LATEST`. */
  readonly eventInvokeConfigs?: Readonly<Record<string, EventInvokeConfig>>;
}

export interface PolicyStatement {
  readonly Sid: string;
  readonly [member: string]: unknown;
}

export class FunctionStore {
  readonly #folder: string;
  readonly #functions = new Map<string, FunctionRecord>();

  /** @throws {Error} a config.json is damaged */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(folder)) {
      const record = readStateFile(join(folder, name, "config.json"), recordShape) as
        FunctionRecord | undefined;
      if (record === undefined) {
        rmSync(join(folder, name), { recursive: true, force: true });
      } else {
        this.#functions.set(name, record);
        this.removeUnusedCode(name);
      }
    }
  }

  get size(): number {
    return this.#functions.size;
  }

  all(): FunctionRecord[] {
    return [...this.#functions.values()].sort((left, right) =>
      left.latest.FunctionName < right.latest.FunctionName ? -1 : 1,
    );
  }

  find(name: string): FunctionRecord | undefined {
    return this.#functions.get(name);
  }

  put(record: FunctionRecord): void {
    const name = record.latest.FunctionName;
    writeStateFile(join(this.#folder, name, "config.json"), record);
    this.#functions.set(name, record);
  }

  remove(name: string): void {
    removeStateFile(join(this.#folder, name, "config.json"));
    this.#functions.delete(name);
    rmSync(join(this.#folder, name), { recursive: true, force: true });
  }

  /** Unpacks a zip, unless the function has it already. */
  async addCode(name: string, zip: Uint8Array): Promise<{ sha256: string; bytes: number }> {
    const sha256 = createHash("sha256").update(zip).digest("base64");
    const folder = this.codeFolder(name, sha256);
    if (!existsSync(folder)) await unpackZip(zip, folder);
    return { sha256, bytes: zip.byteLength };
  }

  codeFolder(name: string, sha256: string): string {
    return join(this.#folder, name, "code", Buffer.from(sha256, "base64").toString("hex"));
  }

  removeUnusedCode(name: string): void {
    const record = this.#functions.get(name);
    if (record === undefined) return;
    const used = new Set(
      [record.latest, ...record.versions].map(({ CodeSha256 }) => this.codeFolder(name, CodeSha256)),
    );
    const folder = join(this.#folder, name, "code");
    if (!existsSync(folder)) return;
    for (const entry of readdirSync(folder)) {
      const path = join(folder, entry);
      if (!used.has(path)) rmSync(path, { recursive: true, force: true });
    }
  }
}
