/**
 * Log groups: those that were created by name, and those that Lambda functions wrote to, whose events lie in
 * `<dataDir>/logs/<group, percent-encoded>/*.log`, one line each (see lambda/worker/log-file.ts).
 */

import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { ServiceError } from "../service.ts";
import { StateList } from "../state-file.ts";
import { number, object, optional, text } from "../state-shape.ts";

export interface LogGroup {
  readonly name: string;
  readonly createdAtMs: number;
  readonly retentionInDays?: number;
}

export interface LogEvent {
  readonly atMs: number;
  readonly stream: string;
  readonly message: string;
}

/** AWS's quota. */
const groupsMax = 1_000_000;

const linePattern = /^(\d+)\t([^\t]*)\t(.*)$/;

export class LogGroups {
  readonly #directory: string;
  readonly #created: StateList<LogGroup>;

  constructor(dataDir: string) {
    this.#directory = join(dataDir, "logs");
    this.#created = new StateList({
      file: join(dataDir, "log-groups.json"),
      item: object({ name: text, createdAtMs: number, retentionInDays: optional(number) }),
      nameOf: ({ name }) => name,
    });
  }

  all(): readonly LogGroup[] {
    mkdirSync(this.#directory, { recursive: true });
    const written = readdirSync(this.#directory).map((folder) => decodeURIComponent(folder));
    const names = [...new Set([...this.#created.all().map(({ name }) => name), ...written])].sort();
    return names.map((name) => this.#created.find(name) ?? { name, createdAtMs: this.#folderAgeMs(name) });
  }

  find(name: string): LogGroup | undefined {
    const created = this.#created.find(name);
    if (created !== undefined || !existsSync(this.#folder(name))) return created;
    return { name, createdAtMs: this.#folderAgeMs(name) };
  }

  /** @throws {ServiceError} ResourceNotFoundException */
  get(name: string): LogGroup {
    const group = this.find(name);
    if (group !== undefined) return group;
    throw new ServiceError({
      code: "ResourceNotFoundException",
      message: "The specified log group does not exist.",
    });
  }

  /** @throws {ServiceError} ResourceAlreadyExistsException, LimitExceededException, InvalidParameterException */
  create(name: string, options: { retentionInDays?: number | undefined } = {}): void {
    if (!/^[.\-_/#A-Za-z0-9]{1,512}$/.test(name)) {
      throw new ServiceError({
        code: "InvalidParameterException",
        message: `The log group name ${name} is not valid.`,
      });
    }
    if (this.find(name) !== undefined) {
      throw new ServiceError({
        code: "ResourceAlreadyExistsException",
        message: "The specified log group already exists",
      });
    }
    if (this.#created.size >= groupsMax) {
      throw new ServiceError({ code: "LimitExceededException", message: "Resource limit exceeded." });
    }
    this.setRetention(name, options.retentionInDays);
  }

  /** Remembered and shown; what bounds a group here is the size its writer keeps. */
  setRetention(name: string, retentionInDays: number | undefined): void {
    const createdAtMs = this.find(name)?.createdAtMs ?? Date.now();
    this.#created.set({
      name,
      createdAtMs,
      ...(retentionInDays === undefined ? {} : { retentionInDays }),
    });
  }

  delete(name: string): void {
    const folder = this.#folder(name);
    this.#created.delete(name);
    rmSync(folder, { recursive: true, force: true });
  }

  /** Every event of a group that is still on disk, oldest first. */
  async events(name: string): Promise<readonly LogEvent[]> {
    const folder = this.#folder(name);
    if (!existsSync(folder)) return [];
    const events: LogEvent[] = [];
    for (const segment of readdirSync(folder).filter((file) => file.endsWith(".log"))) {
      // A segment may be dropped by its writer while it is read.
      const text = await readFile(join(folder, segment), "utf8").catch(() => "");
      for (const line of text.split("\n")) {
        const event = parseLine(line);
        if (event !== undefined) events.push(event);
      }
    }
    return events.sort((left, right) => left.atMs - right.atMs);
  }

  #folder(name: string): string {
    // The two names that mean another place even when they are percent-encoded.
    if (name === "." || name === "..") {
      throw new ServiceError({
        code: "InvalidParameterException",
        message: `The log group name ${name} is not valid.`,
      });
    }
    return join(this.#directory, encodeURIComponent(name));
  }

  #folderAgeMs(name: string): number {
    return Math.trunc(statSync(this.#folder(name)).birthtimeMs);
  }
}

/** @returns `undefined` for a line that is not whole: the last one of a writer that was killed */
function parseLine(line: string): LogEvent | undefined {
  const [, time, stream, json] = linePattern.exec(line) ?? [];
  if (time === undefined || stream === undefined || json === undefined) return undefined;
  try {
    return { atMs: Number(time), stream, message: String(JSON.parse(json)) };
  } catch {
    return undefined;
  }
}
