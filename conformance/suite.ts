import type { Target } from "./client/index.ts";

/** One thing that is judged. Its name is what `--filter` looks in. */
export interface Check {
  readonly name: string;
  /** @returns what is wrong, one line each; empty when all is as it should be */
  run(target: Target): Promise<readonly string[]>;
  /** @returns what the target would have to have and has not; the check is left out then */
  missing?(target: Target): string | undefined;
}

export interface Verdict {
  readonly name: string;
  readonly problems: readonly string[];
  /** Why the check was left out. */
  readonly skipped?: string;
  readonly durationMs: number;
}

/** A check that has not ended by then never will: the longest waits for two jobs of the service, a minute each. */
const checkWithinMs = 200_000;

/** Runs a check; an exception is a problem like any other, so that one broken check does not hide the rest. */
export async function judge(check: Check, target: Target): Promise<Verdict> {
  const skipped = check.missing?.(target);
  if (skipped !== undefined) return { name: check.name, problems: [], skipped, durationMs: 0 };
  const startedAt = performance.now();
  const end = (problems: readonly string[]): Verdict => ({
    name: check.name,
    problems,
    durationMs: Math.round(performance.now() - startedAt),
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly string[]>((resolve) => {
    timer = setTimeout(() => {
      resolve([`the check did not end within ${checkWithinMs} ms`]);
    }, checkWithinMs);
  });
  try {
    return end(await Promise.race([check.run(target), late]));
  } catch (error) {
    return end([(error as Error).message]);
  } finally {
    clearTimeout(timer);
  }
}

/** How to run one check again, alone. */
export const rerunCommand = (name: string): string => `npm run conformance -- --filter '${name}'`;
