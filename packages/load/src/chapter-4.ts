/** The talk's stress test: 10,000 transfers of 1 between 1,000 accounts, in batches of 1,000 at a time. */
import type { Report } from "./report.ts";
import {
  type StressOptions,
  type StressProfile,
  type StressSizes,
  runStress,
  stressHeading,
} from "./stress.ts";

/** For {@link runChapter4}. */
export type Chapter4Options = StressOptions;

/** 10,000 invocations over 1,000 accounts, 1,000 at a time: the talk's stress test. */
export const chapter4Defaults = {
  chapter: 4,
  name: "Stress Test",
  invocations: 10_000,
  parallel: 1_000,
  accounts: 1_000,
  workers: 1,
} as const satisfies StressProfile;

/**
 * Runs the stress test of chapter 4.
 * @returns what came of every call; a call that fails is counted, not thrown
 */
export async function runChapter4(options: StressOptions): Promise<Report> {
  return await runStress(chapter4Defaults, options);
}

/** @returns what the talk's helper prints above a run of these sizes */
export function chapter4Heading(sizes: StressSizes): string {
  return stressHeading(chapter4Defaults, sizes);
}
