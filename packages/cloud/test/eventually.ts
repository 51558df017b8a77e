import { setTimeout as sleep } from "node:timers/promises";

/** Waits until a condition holds; fails after half a minute. */
export async function eventually(claim: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const endMs = Date.now() + 30_000; Date.now() < endMs; await sleep(20)) {
    if (await holds()) return;
  }
  throw new Error(`within half a minute this did not come true: ${claim}`);
}
