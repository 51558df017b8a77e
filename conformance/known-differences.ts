/**
 * Where the local cluster is known to differ from the service: each difference is a script in `known-differences/` that says
 * what the service does. `docs/compatibility.md` lists them: the script's description, what happens here instead (`# Here:`)
 * and why (`# Why:`).
 *
 * Against the service the scripts must pass. Against the local cluster they must fail: one that passes is no difference
 * any more, and belongs into `isolation/` or `sql/`.
 */
import { runCase } from "./isolation/run-case.ts";
import { parseIsolationScript } from "./isolation/script.ts";
import { readScripts } from "./paths.ts";
import { readLines, ScriptError } from "./script/lines.ts";
import { runSqlScript } from "./sql/run-script.ts";
import { parseSqlScript } from "./sql/script.ts";
import type { Check } from "./suite.ts";

export interface KnownDifference {
  readonly file: string;
  readonly service: string;
  readonly here: string;
  readonly reason: string;
  /** Ids of the facts that do not hold here. */
  readonly facts: readonly string[];
}

/** @throws {ScriptError} a script does not say what happens here, or why */
export async function knownDifferences(): Promise<KnownDifference[]> {
  return (await readScripts("known-differences")).map(({ file, text }) => {
    const { description, facts, here, why } = readLines(file, text);
    if (here === undefined || why === undefined)
      throw new ScriptError(file, 1, "a known difference says # Here: … and # Why: …");
    return { file, service: description, here, reason: why, facts };
  });
}

/** @param areExpected - true for the local cluster */
export async function knownDifferenceChecks({ areExpected }: { areExpected: boolean }): Promise<Check[]> {
  const scripts = await readScripts("known-differences");
  return scripts.flatMap(({ file, text }) =>
    areExpected ? checksOf(file, text).map(invert) : checksOf(file, text),
  );
}

function checksOf(file: string, text: string): Check[] {
  const name = file.replace(/\.script$/, "");
  if (!/^order\s/m.test(text)) {
    const script = parseSqlScript(file, text);
    return [{ name: `${name}: simple`, run: (target) => runSqlScript(target, script, "simple") }];
  }
  const script = parseIsolationScript(file, text);
  return script.cases.map((one) => ({
    name: `${name}: ${one.order.join(" ")}`,
    run: (target) => runCase(target, script, one),
  }));
}

const invert = (check: Check): Check => ({
  name: check.name,
  run: async (target) => {
    const problems = await check.run(target);
    return problems.length > 0
      ? []
      : ["behaves as the service does: move the script out of known-differences"];
  },
});
