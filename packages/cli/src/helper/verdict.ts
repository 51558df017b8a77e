/** The last line of a test, in the talk's words. */
import { withoutControl } from "../terminal.ts";
import type { HelperOptions, Outcome } from "./options.ts";

type Screen = HelperOptions["screen"];

export function passed(screen: Screen, chapter: number, facts: object): Outcome {
  screen.write(`✅ Chapter ${chapter} test PASSED\n`);
  return { isPassed: true, facts };
}

export function failed(screen: Screen, chapter: number, reason: string, remedy?: string): Outcome {
  screen.write(`❌ Chapter ${chapter} test FAILED: ${withoutControl(reason)}\n`);
  if (remedy !== undefined) screen.write(`${remedy}\n`);
  return { isPassed: false, facts: { reason } };
}
