/**
 * The load generator: invokes a Lambda function as often as a schedule says and reports what came of it.
 *
 * It promises that a call is cheap (some 40 µs of CPU, so that the machine that measures is not what is measured), that
 * every answer is read and each failure counted by its code, and that the same seed asks for the same transfers, in any
 * number of threads.
 * It knows the Invoke API and the tutorial's function; it knows nothing of clusters, so it drives AWS as well as the
 * local stack.
 */
export { AdaptiveLimit } from "./adaptive-limit.ts";
export { type Chapter4Options, chapter4Defaults, chapter4Heading, runChapter4 } from "./chapter-4.ts";
export { chapter6Defaults, loadThreadsDefault, loadThreadsMax } from "./chapter-6.ts";
export type { Counts, RetryCounts } from "./counts.ts";
export type { Times } from "./histogram.ts";
export {
  type Answer,
  type Failure,
  type Invocation,
  type InvocationTarget,
  type LambdaClient,
  type LambdaClientOptions,
  type Success,
  TargetError,
  createLambdaClient,
  targetFromEnvironment,
} from "./invocation/index.ts";
export { type Screen, rewriteLine, roomOn } from "./live-line.ts";
export { formatProgress, progressDisplay } from "./progress.ts";
export { type SeededRandom, seededRandom } from "./random.ts";
export { type Report, count, formatStats } from "./report.ts";
export { type Progress, type RunOptions, run } from "./run.ts";
export type { Schedule } from "./schedule.ts";
export { bar } from "./sparkline.ts";
export {
  type StressOptions,
  type StressProfile,
  type StressSizes,
  functionNameDefault,
  runStress,
  stressHeading,
} from "./stress.ts";
export { type SustainedDisplay, sustainedDisplay } from "./sustained-display.ts";
export {
  type SustainedInterval,
  type SustainedOptions,
  type SustainedProgress,
  type SustainedReport,
  runSustained,
} from "./sustained.ts";
export { formatInterval, formatSustainedStats } from "./sustained-report.ts";
export type { ErrorCount } from "./tally.ts";
export { LoadThreadError } from "./threads/index.ts";
export { type Transfer, randomTransfers } from "./workload.ts";
