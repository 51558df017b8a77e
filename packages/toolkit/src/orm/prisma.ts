/**
 * Prisma: an interactive `$transaction()` with retry.
 *
 * Prisma reports SQLSTATE 40001 of a statement as its own P2034 ("write conflict or deadlock"), the failure of a raw query
 * as P2010 with the SQLSTATE in `meta`, and what happens at COMMIT as its driver adapter's `TransactionWriteConflict`. DSQL
 * has no deadlocks, so each of them is a conflict.
 *
 * Tests: prisma.test.ts on the shapes of the errors, samples/prisma on a real client.
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

/**
 * `transaction()` for Prisma: runs `prisma.$transaction(run)`, again from its start after a conflict.
 * @throws RetriesExhaustedError, OutcomeUnknownError, and whatever else `run` throws, unretried
 */
export function transactionPrisma<Tx, Result>(
  prisma: PrismaClient<Tx>,
  run: (tx: Tx) => Promise<Result>,
  options: AdapterOptions & { readonly prisma?: PrismaOptions } = {},
): Promise<Result> {
  const begin = async (work: (tx: Tx) => Promise<unknown>): Promise<unknown> => {
    try {
      return await prisma.$transaction(work, options.prisma);
    } catch (error) {
      throw inDriversWords(error);
    }
  };
  return runWithRetry(prisma, begin, run, options);
}

/** What the driver said where Prisma has put it into words of its own; any other error as it is. */
function inDriversWords(error: unknown): unknown {
  if (isConflict(error)) return error;
  const payload = adapterPayload(error);
  if (isPrismaConflict(error) || payload?.kind === "TransactionWriteConflict") {
    return new DriverError(
      "40001",
      payload?.originalMessage ?? "change conflicts with another transaction",
      error,
    );
  }
  if (payload?.kind === "ConnectionClosed" || payload?.kind === "SocketTimeout") {
    return new DriverError("08006", "connection lost", error);
  }
  return error;
}

class DriverError extends Error {
  readonly code: string;

  constructor(sqlstate: string, message: string, cause: unknown) {
    super(message, { cause });
    this.code = sqlstate;
  }
}

interface AdapterPayload {
  readonly kind?: unknown;
  readonly originalMessage?: string;
}

/**
 * What fails at COMMIT comes from Prisma 7 as its driver adapter threw it, without a code of the client: the kind in the
 * message, the SQLSTATE and the server's text in `cause`.
 */
function adapterPayload(error: unknown): AdapterPayload | undefined {
  if (!(error instanceof Error) || error.name !== "DriverAdapterError") return undefined;
  return typeof error.cause === "object" && error.cause !== null ? error.cause : undefined;
}

function isPrismaConflict(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { code, meta } = error as { code?: unknown; meta?: unknown };
  if (code === "P2034") return true;
  if (code !== "P2010" || typeof meta !== "object" || meta === null) return false;
  return (meta as { code?: unknown }).code === "40001";
}
