/**
 * Answers of a transaction from its snapshot and its own writes: a shadow, and what may be believed of it.
 *
 * Always true
 * - What goes wrong within the shadow by the system's own doing is 40001, never an error that the client could not place.
 */
import { SqlError } from "../base/index.ts";
import { PostgresError } from "../backend/index.ts";
import { lossOf, type Standing } from "./commit/verdict.ts";
import type { Execution, Sink } from "./exchange/execution.ts";
import { isOfTheMoment, sqlErrorOf } from "./exchange/postgres-errors.ts";
import type { ExchangeResult } from "./exchange/statement-exchange.ts";
import type { Footprint } from "./footprint.ts";
import type { Hold } from "./hold.ts";
import type { TransactionServices } from "./services.ts";
import { Shadow } from "./shadow/shadow.ts";

export interface SnapshotContext {
  readonly hold: Hold;
  readonly footprint: Footprint;
  readonly standing: Standing;
  readonly searchPath: () => readonly string[];
}

export class SnapshotAnswers {
  readonly #services: TransactionServices;
  readonly #context: SnapshotContext;
  readonly #shadow: Shadow;

  private constructor(services: TransactionServices, context: SnapshotContext, shadow: Shadow) {
    this.#services = services;
    this.#context = context;
    this.#shadow = shadow;
  }

  static async of(services: TransactionServices, context: SnapshotContext): Promise<SnapshotAnswers> {
    const { hold, searchPath } = context;
    hold.redo.forgetAccessMode(); // A shadow keeps rows in tables of its own.
    const shadow = await within(services, context, () => Shadow.of({ hold, services, searchPath }));
    return new SnapshotAnswers(services, context, shadow);
  }

  /**
   * @param refused - PostgreSQL's error for a key that it has found taken: told where the snapshot has it, too
   * @throws {SqlError} 40001 the shadow cannot answer
   */
  async answer(execution: Execution, sink: Sink, refused?: SqlError): Promise<ExchangeResult> {
    const result = await within(this.#services, this.#context, () =>
      this.#shadow.run(execution, sink).catch((error: unknown) => {
        throw refused !== undefined && isRefusedToo(error) ? refused : error;
      }),
    );
    if (result.kind !== "error") return result;
    const { fields } = result;
    // The error may be one of a table that is another by now.
    if (!isOfTheMoment(fields.get("C")) && hasOtherCatalog(this.#services, this.#context))
      throw lossIn(this.#services, this.#context);
    if (refused !== undefined && isRefusedToo(sqlErrorOf(fields))) throw refused;
    return result;
  }
}

/** @throws {SqlError} 40001 the shadow may not look at a table, or the table is another by now */
async function within<Result>(
  services: TransactionServices,
  context: SnapshotContext,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    // What PostgreSQL refuses of the client's own statement is an answer and no exception.
    const isShadows = error instanceof PostgresError && !isOfTheMoment(error.sqlstate);
    if (isShadows || hasOtherCatalog(services, context)) throw lossIn(services, context);
    throw error;
  }
}

/** A table that it has touched is another by now: what the shadow makes of it need not mean anything. */
function hasOtherCatalog({ catalogVersions }: TransactionServices, context: SnapshotContext): boolean {
  return catalogVersions.conflicts(context.standing.catalogVersion, context.footprint.relations);
}

function lossIn(services: TransactionServices, { footprint, standing }: SnapshotContext): SqlError {
  return lossOf(services, footprint, standing);
}

/** The snapshot has the key, too; or the role may not read what would tell, and PostgreSQL is taken at its word. */
function isRefusedToo(error: unknown): boolean {
  return (
    (error instanceof SqlError || error instanceof PostgresError) && /^(?:23505|42501)$/.test(error.sqlstate)
  );
}
