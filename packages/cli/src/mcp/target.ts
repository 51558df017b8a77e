/** The pool that the tools share, opened when first asked for. */
import { ConnectError, type createPool } from "dsql-toolkit";
import { targetPool, type TargetOptions } from "../stack/index.ts";

type Pool = ReturnType<typeof createPool>;

/** Calls wait for one of these; an assistant asks one or two things at a time. */
const connectionsMax = 4;

export class Target {
  readonly #options: TargetOptions;
  #pool: Promise<Pool> | undefined;

  constructor(options: TargetOptions) {
    this.#options = options;
  }

  /** @throws {Failure} no stack runs there; the next call looks again */
  async pool(): Promise<Pool> {
    const opening = (this.#pool ??= targetPool(this.#options, { max: connectionsMax, min: 0 }));
    try {
      return await opening;
    } catch (error) {
      if (this.#pool === opening) this.#pool = undefined;
      throw error;
    }
  }

  /** A stack that was stopped and started again has other ports and perhaps another cluster: it is looked up anew. */
  async heard(error: unknown): Promise<void> {
    if (error instanceof ConnectError && !error.isTransient) await this.close();
  }

  async close(): Promise<void> {
    const opening = this.#pool;
    this.#pool = undefined;
    const pool = await opening?.catch(() => undefined);
    await pool?.end();
  }
}
