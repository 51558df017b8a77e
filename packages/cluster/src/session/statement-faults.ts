/**
 * Faults on demand on the way of a statement and of a COMMIT.
 *
 * Always true
 * - A connection that is lost before COMMIT leaves nothing; after it, everything.
 */
import { errors } from "@dsql-local/spec";
import { type FaultPlace, type Faults, SqlError } from "../base/index.ts";
import type { Statement } from "../sql/index.ts";
import { PassingSink, type Sink } from "../transaction/index.ts";
import { backendType } from "../wire/index.ts";
import { ConnectionLost } from "./connection-lost.ts";

export class StatementFaults {
  readonly #faults: Faults;
  readonly #who: () => Omit<FaultPlace, "tables">;
  readonly #disconnect: () => void;

  /** @param disconnect - sends what is written, and closes the client's socket */
  constructor(faults: Faults, who: () => Omit<FaultPlace, "tables">, disconnect: () => void) {
    this.#faults = faults;
    this.#who = who;
    this.#disconnect = disconnect;
  }

  /**
   * To be called before a statement that reads, writes or changes the catalog.
   *
   * @returns what takes its answer; a promise only where there are faults
   * @throws {SqlError} XX000
   */
  before(statement: Statement, sink: Sink): Sink | Promise<Sink> {
    if (this.#faults.isEmpty || !("analysis" in statement || statement.kind === "ddl")) return sink;
    return this.#happen(statement, sink);
  }

  async #happen(statement: Statement, sink: Sink): Promise<Sink> {
    const place = { ...this.#who(), tables: tablesOf(statement) };
    await this.#faults.delay("statement", place);
    if (this.#faults.take("unavailable", place) !== undefined) throw SqlError.of(errors.serverUnavailable);
    if (!("analysis" in statement)) return sink;
    return this.#faults.take("lose-connection", place, "mid-result") === undefined
      ? sink
      : new LosingSink(sink, this.#disconnect);
  }

  /** To be called when a statement has answered. @throws {ConnectionLost} in the middle of its result */
  after(sink: Sink): void {
    if (sink instanceof LosingSink) sink.lose();
  }

  /** To be called around a COMMIT. @throws {ConnectionLost} */
  async commit<Result>(tables: Iterable<string>, run: () => Promise<Result>): Promise<Result> {
    if (this.#faults.isEmpty) return await run();
    const place = { ...this.#who(), tables: [...tables] };
    await this.#faults.delay("commit", place);
    this.#loseAt("before-commit", place);
    const result = await run();
    this.#loseAt("after-commit", place);
    return result;
  }

  #loseAt(moment: "before-commit" | "after-commit", place: FaultPlace): void {
    if (this.#faults.take("lose-connection", place, moment) === undefined) return;
    this.#disconnect();
    throw new ConnectionLost();
  }
}

function tablesOf(statement: Statement): readonly string[] {
  return "analysis" in statement ? statement.analysis.relations.map(({ name }) => name) : [];
}

/** Gives the client one row, and nothing after it. */
class LosingSink extends PassingSink {
  readonly #disconnect: () => void;
  #isOver = false;

  constructor(sink: Sink, disconnect: () => void) {
    super(sink);
    this.#disconnect = disconnect;
  }

  frame(frame: Buffer): void {
    if (this.#isOver) return;
    this.sink.frame(frame);
    this.#isOver = frame[0] === backendType.dataRow;
  }

  lose(): never {
    this.#disconnect();
    throw new ConnectionLost();
  }
}
