/** The last line of a test, in the talk's words. */
import type { Failure } from "@dsql-local/load";
import { withoutControl } from "../terminal.ts";
import type { HelperOptions, Outcome } from "./options.ts";
import { remedyFor } from "./remedy.ts";

type Screen = HelperOptions["screen"];

export function passed(screen: Screen, chapter: number, facts: object): Outcome {
  screen.write(`✅ Chapter ${chapter} test PASSED\n`);
  return { isPassed: true, facts };
}

export function failed(screen: Screen, chapter: number, reason: string, remedy?: string): Outcome {
  screen.write(`❌ Chapter ${chapter} test FAILED: ${withoutControl(reason)}\n`);
  if (remedy !== undefined) screen.write(`${withoutControl(remedy)}\n`);
  return { isPassed: false, facts: { reason, ...(remedy !== undefined && { remedy }) } };
}

/** The test fails because of what the function, Lambda or the network answered. */
export function failedAnswer(screen: Screen, chapter: number, answer: Failure): Outcome {
  const { code, message } = answer;
  const { facts } = failed(screen, chapter, `${message} (${code})`, remedyFor(answer));
  return { isPassed: false, facts: { ...facts, error: message, errorCode: code } };
}
