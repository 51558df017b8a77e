/**
 * Whether a value fits a template's `AllowedPattern`, within a time.
 *
 * The pattern comes with the template, and `(a+)+$` takes longer than anybody lives for a value of some dozen characters. An
 * engine that is linear in every case knows neither look-ahead nor back references, which AWS takes; so Node's own
 * engine matches, and is stopped.
 *
 * Tests: allowed-pattern.test.ts.
 */
import { createContext, Script } from "node:vm";

import { validationError } from "../protocol/index.ts";

/** For all patterns of one template together. Every other request waits as long; an ordinary pattern takes microseconds. */
const patternsMsMax = 250;
/** AWS's bound on a parameter's value; it holds for patterns as well. */
const patternCharactersMax = 4_096;

/** It sees two texts, and nothing else of this process. */
const match = new Script("new RegExp(pattern).test(value)");

export class AllowedPatterns {
  #leftMs = patternsMsMax;

  /** @throws {ServiceError} ValidationError: the pattern is none, or takes too long */
  matches(pattern: string, value: string): boolean {
    if (pattern.length > patternCharactersMax || value.length > patternCharactersMax) {
      throw validationError(
        `A parameter's value and its AllowedPattern have at most ${patternCharactersMax} characters.`,
      );
    }
    const startMs = performance.now();
    try {
      const context = createContext({ pattern: `^(?:${pattern})$`, value });
      return match.runInContext(context, { timeout: Math.max(1, Math.ceil(this.#leftMs)) }) === true;
    } catch (error) {
      throw validationError(reasonOf(pattern, error));
    } finally {
      this.#leftMs -= performance.now() - startMs;
    }
  }
}

function reasonOf(pattern: string, error: unknown): string {
  const { code } = error as { readonly code?: unknown };
  return code === "ERR_SCRIPT_EXECUTION_TIMEOUT"
    ? `The AllowedPattern ${pattern} takes too long to be matched: it repeats what is itself repeated.`
    : `The AllowedPattern ${pattern} is not a regular expression that dsql-local can read.`;
}
