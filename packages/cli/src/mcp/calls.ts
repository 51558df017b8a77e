/** One call of a tool: counted, audited before and after, and its failure told in the client's terms. */
import { randomUUID } from "node:crypto";
import process from "node:process";
import {
  type AdHocOptions,
  type AdHocStatement,
  RefusedStatementError,
  sqlstateOf,
  UsageError,
} from "dsql-toolkit";
import type { AuditLog, CallEnd } from "./audit.ts";
import { answerOf, failureAnswer, type ToolAnswer } from "./answer.ts";
import type { McpSettings } from "./settings.ts";
import type { Target } from "./target.ts";

/** Calls at the same time, waiting for a connection included. One more is refused. */
export const callsMax = 16;

type Pool = Awaited<ReturnType<Target["pool"]>>;

export interface Call {
  readonly tool: string;
  /** What the cluster will be asked, for the audit log. */
  readonly statements: readonly AdHocStatement[];
  readonly signal?: AbortSignal | undefined;
  readonly run: (pool: Pool, options: AdHocOptions) => Promise<unknown>;
}

export class Calls {
  readonly #target: Target;
  readonly #audit: AuditLog;
  readonly #settings: McpSettings;
  #underWay = 0;

  constructor(parts: { target: Target; audit: AuditLog; settings: McpSettings }) {
    this.#target = parts.target;
    this.#audit = parts.audit;
    this.#settings = parts.settings;
  }

  /** Never throws: what fails is an answer too, so that the client reads why. */
  async run(call: Call): Promise<ToolAnswer> {
    if (this.#underWay >= callsMax) {
      return failureAnswer(new UsageError(`${callsMax} calls are under way: wait for one to end`));
    }
    this.#underWay++;
    try {
      return await this.#audited(call);
    } catch (error) {
      return failureAnswer(error);
    } finally {
      this.#underWay--;
    }
  }

  async #audited({ tool, statements, signal, run }: Call): Promise<ToolAnswer> {
    const call = randomUUID();
    const startedMs = performance.now();
    await this.#audit.begin({ call, tool, statements });
    const { rowsMax, timeoutMs } = this.#settings;
    const took = (): number => Math.round(performance.now() - startedMs);
    try {
      const result = await run(await this.#target.pool(), { rowsMax, timeoutMs, signal });
      await this.#ended({ call, outcome: "done", rows: rowsIn(result), durationMs: took() });
      return answerOf(result);
    } catch (error) {
      const outcome = error instanceof RefusedStatementError ? "refused" : "failed";
      await this.#ended({ call, outcome, sqlstate: sqlstateOf(error), durationMs: took() });
      await this.#target.heard(error);
      throw error;
    }
  }

  /** What has run has run: that it could not be noted must not look as if it had failed. */
  async #ended(end: CallEnd): Promise<void> {
    try {
      await this.#audit.end(end);
    } catch (error) {
      process.stderr.write(`dsql mcp: the audit log cannot be written: ${String(error)}\n`);
    }
  }
}

function rowsIn(result: unknown): number | undefined {
  if (Array.isArray(result)) return result.reduce<number>((sum, one) => sum + (rowsIn(one) ?? 0), 0);
  const { rows } = (result ?? {}) as { rows?: unknown };
  return Array.isArray(rows) ? rows.length : undefined;
}
