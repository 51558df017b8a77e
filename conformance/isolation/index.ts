/**
 * Isolation: what sessions may see and lose, as scripts of named steps, each run in one or more orders.
 *
 * A check is one script in one order, on tables of its own and with a connection for each session.
 */
import { readScripts } from "../paths.ts";
import type { Check } from "../suite.ts";
import { runCase } from "./run-case.ts";
import { parseIsolationScript } from "./script.ts";

/** @throws {ScriptError} a script is wrong; no check runs then */
export async function isolationChecks(): Promise<Check[]> {
  const scripts = (await readScripts("isolation")).map(({ file, text }) => parseIsolationScript(file, text));
  return scripts.flatMap((script) =>
    script.cases.map((one) => ({
      name: `${script.file.replace(/\.script$/, "")}: ${one.order.join(" ")}`,
      run: (target) => runCase(target, script, one),
    })),
  );
}
