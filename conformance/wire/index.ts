/**
 * The wire protocol: what a driver relies on and what a bad client must not achieve, message by message.
 */
import type { Check } from "../suite.ts";
import { copyCases } from "./copy.ts";
import { errorCases } from "./errors.ts";
import { extendedCases } from "./extended.ts";
import { malformedCases } from "./malformed.ts";
import { startUpCases } from "./start-up.ts";
import { vanishingCases } from "./vanishing.ts";
import type { WireCase } from "./wire-case.ts";

export function wireChecks(): Check[] {
  const parts: readonly (readonly [string, readonly WireCase[]])[] = [
    ["start-up", startUpCases],
    ["extended", extendedCases],
    ["copy", copyCases],
    ["errors", errorCases],
    ["malformed", malformedCases],
    ["vanishing", vanishingCases],
  ];
  return parts.flatMap(([part, cases]) =>
    cases.map((one) => ({
      name: `wire/${part}: ${one.name}`,
      run: async (target) => {
        await one.run(target);
        return [];
      },
    })),
  );
}
