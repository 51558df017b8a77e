/**
 * What a transaction costs: DPU formulas and prices.
 *
 * Source: https://docs.aws.amazon.com/aurora-dsql/latest/userguide/billing-metering.html
 * Tests: prices.test.ts, with AWS's worked examples.
 */
import { sources } from "./sources.ts";

export const dpu = {
  /** A DPU is a second of processing, summed over parallel parts. */
  perComputeSecond: 1,
  perByteRead: 0.000_001_831_05,
  perByteWritten: 0.000_048_83,
  perByteStreamed: 0.000_002_328_3,
  /** Bytes that a transaction is billed for at least, when it reads or writes at all. */
  readBytesMin: 2_048,
  writtenBytesMin: 1_024,
  /** Bytes that each written row and each index entry counts at least. */
  entryBytesMin: 128,
  /** Bytes that each answer of a storage partition counts at least. */
  partitionAnswerBytesMin: 128,
  source: sources.billing,
} as const;

export interface RegionPrice {
  readonly dollarsPerMillionDpu: number;
  readonly dollarsPerGigabyteMonth: number;
}

export const prices: Readonly<Record<"us-east-1" | "eu-central-1", RegionPrice>> = {
  "us-east-1": { dollarsPerMillionDpu: 8, dollarsPerGigabyteMonth: 0.33 },
  "eu-central-1": { dollarsPerMillionDpu: 9.5, dollarsPerGigabyteMonth: 0.45 },
};

/** Free each month. */
export const freeTier = { dpu: 100_000, gigabytes: 1 } as const;

export interface TransactionWork {
  readonly computeMs: number;
  /** Bytes scanned, not bytes returned. */
  readonly bytesRead: number;
  /** Size of each row and index entry written. */
  readonly entryBytesWritten: readonly number[];
  /** Writes count again for the second Region. */
  readonly isMultiRegion?: boolean;
}

export interface TransactionDpu {
  readonly compute: number;
  readonly read: number;
  readonly write: number;
  readonly multiRegionWrite: number;
  readonly total: number;
}

export function transactionDpu(work: TransactionWork): TransactionDpu {
  const compute = (work.computeMs / 1_000) * dpu.perComputeSecond;
  const read = work.bytesRead === 0 ? 0 : Math.max(work.bytesRead, dpu.readBytesMin) * dpu.perByteRead;
  const write = writeDpu(work.entryBytesWritten);
  const multiRegionWrite = work.isMultiRegion === true ? write : 0;
  return { compute, read, write, multiRegionWrite, total: compute + read + write + multiRegionWrite };
}

function writeDpu(entryBytes: readonly number[]): number {
  if (entryBytes.length === 0) return 0;
  const bytes = entryBytes.reduce((sum, size) => sum + Math.max(size, dpu.entryBytesMin), 0);
  return Math.max(bytes, dpu.writtenBytesMin) * dpu.perByteWritten;
}
