/** `sustained-load`: transfers at a target rate, until a time has passed or Ctrl-C. */
import {
  AdaptiveLimit,
  chapter4Defaults,
  createLambdaClient,
  formatSustainedStats,
  randomTransfers,
  runSustained,
  seededRandom,
  sustainedDisplay,
} from "@dsql-local/load";
import { readBooksIfThere, judgeIfRead, shown } from "./books-of-run.ts";
import type { HelperOptions, Outcome } from "./options.ts";

export const sustainedDefaults = { rate: 100, intervalSeconds: 5, parallel: 1_000 } as const;

/** Where the search for the right number of calls at a time begins. */
const underWayInitial = 10;

export interface SustainedFlags {
  readonly rate: number;
  readonly durationSeconds?: number | undefined;
  readonly intervalSeconds: number;
  /** With `--json`: a line for each interval. */
  readonly onInterval?: ((interval: object) => void) | undefined;
}

export async function sustainLoad(options: HelperOptions, flags: SustainedFlags): Promise<Outcome> {
  const { target, functionName, qualifier, screen, seed, signal } = options;
  const { rate, durationSeconds } = flags;
  const parallel = options.parallel ?? sustainedDefaults.parallel;
  const limit = new AdaptiveLimit({ initial: underWayInitial, max: parallel });
  const accounts = options.accounts ?? chapter4Defaults.accounts;
  const before = await readBooksIfThere(options);
  const length = durationSeconds === undefined ? "until Ctrl-C" : `for ${durationSeconds} s`;
  screen.write(`Sustained load: ${rate} calls/second ${length}, at most ${parallel} at a time\n\n`);

  const client = createLambdaClient({
    target,
    functionName,
    qualifier,
    parallelMax: parallel,
    onThrottle: () => limit.refused(),
  });
  const display = sustainedDisplay(screen);
  try {
    const report = await runSustained({
      client,
      limit,
      rate,
      durationMs: durationSeconds === undefined ? undefined : durationSeconds * 1_000,
      intervalMs: flags.intervalSeconds * 1_000,
      nextPayload: randomTransfers({ random: seededRandom(seed), accounts, amount: 1 }),
      onProgress: display.onProgress,
      onInterval: (interval) => {
        display.onInterval(interval);
        flags.onInterval?.(interval);
      },
      signal,
    });
    screen.write(`\n${formatSustainedStats(report)}\n\n`);
    const findings = await judgeIfRead(options, before, report);
    screen.write(shown(findings));
    screen.write(`Random seed: ${seed}\n`);
    const isPassed = report.successes > 0 && findings.every(({ holds }) => holds);
    return { isPassed, facts: { ...report, seed, findings } };
  } finally {
    await client.close();
  }
}
