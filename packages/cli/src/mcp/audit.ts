/**
 * The audit log: JSON Lines, two for each call. The first, before anything runs, says what was asked for; the second what
 * came of it. A call with a first line only was cut off. Values of parameters are never in it, only how many there were;
 * nor are rows or the server's messages, which may quote them.
 */
import { mkdir, open, type FileHandle } from "node:fs/promises";
import path from "node:path";
import type { AdHocStatement } from "dsql-toolkit";

export interface CallBegin {
  readonly call: string;
  readonly tool: string;
  readonly statements: readonly AdHocStatement[];
}

export interface CallEnd {
  readonly call: string;
  readonly outcome: "done" | "refused" | "failed";
  readonly sqlstate?: string | undefined;
  readonly rows?: number | undefined;
  readonly durationMs: number;
}

export class AuditLog {
  readonly #file: FileHandle;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Readable by its owner only; what is there already stays. */
  static async open(file: string): Promise<AuditLog> {
    await mkdir(path.dirname(file), { recursive: true });
    return new AuditLog(await open(file, "a", 0o600));
  }

  async begin({ call, tool, statements }: CallBegin): Promise<void> {
    await this.#append({
      event: "begin",
      call,
      tool,
      statements: statements.map(({ sql, parameters = [] }) => ({ sql, parameters: parameters.length })),
    });
  }

  async end(end: CallEnd): Promise<void> {
    await this.#append({ event: "end", ...end });
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  /** One write for each line: lines of calls at the same time do not mix. */
  async #append(entry: object): Promise<void> {
    await this.#file.appendFile(`${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`);
  }
}
