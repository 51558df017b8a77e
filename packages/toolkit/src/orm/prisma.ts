/**
 * Prisma: an interactive `$transaction()` with retry.
 *
 * Prisma reports SQLSTATE 40001 as its own P2034 ("write conflict or deadlock"), and the failure of a raw query as P2010
 * with the SQLSTATE in `meta`. DSQL has no deadlocks, so P2034 is always a conflict.
 */
import { isConflict } from "../errors.ts";
import { type AdapterOptions, runWithRetry } from "./with-retry.ts";

/** As much of a Prisma client as is needed. */
export interface PrismaClient<Tx> {
  $transaction<Result>(run: (tx: Tx) => Promise<Result>, options?: PrismaOptions): Promise<Result>;
}

/** Milliseconds. Prisma ends a transaction after 5,000 by default, DSQL after 300,000. */
export interface PrismaOptions {
  readonly maxWait?: number;
  readonly timeout?: number;
}

export function transactionPrisma<Tx, Result>(
  prisma: PrismaClient<Tx>,
  run: (tx: Tx) => Promise<Result>,
  options: AdapterOptions & { readonly prisma?: PrismaOptions } = {},
): Promise<Result> {
  const begin = async (work: (tx: Tx) => Promise<unknown>): Promise<unknown> => {
    try {
      return await prisma.$transaction(work, options.prisma);
    } catch (error) {
      throw isPrismaConflict(error) && !isConflict(error) ? new PrismaConflict(error) : error;
    }
  };
  return runWithRetry(prisma, begin, run, options);
}

/** Says in the driver's words what Prisma has said in its own. */
class PrismaConflict extends Error {
  readonly code = "40001";

  constructor(cause: unknown) {
    super("change conflicts with another transaction", { cause });
  }
}

function isPrismaConflict(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { code, meta } = error as { code?: unknown; meta?: unknown };
  if (code === "P2034") return true;
  if (code !== "P2010" || typeof meta !== "object" || meta === null) return false;
  return (meta as { code?: unknown }).code === "40001";
}
