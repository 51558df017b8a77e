/**
 * SQL: what the service accepts and refuses, statement by statement and word for word.
 *
 * A check is one script by one protocol: the simple or the extended one.
 */
import { readScripts } from "../paths.ts";
import type { Check } from "../suite.ts";
import { type Protocol, runSqlScript } from "./run-script.ts";
import { parseSqlScript } from "./script.ts";

/** @throws {ScriptError} a script is wrong; no check runs then */
export async function sqlChecks(): Promise<Check[]> {
  const scripts = (await readScripts("sql")).map(({ file, text }) => parseSqlScript(file, text));
  return scripts.flatMap((script) => {
    const protocols: readonly Protocol[] = script.hasBatch ? ["simple"] : ["simple", "extended"];
    return protocols.map((protocol) => ({
      name: `${script.file.replace(/\.script$/, "")}: ${protocol}`,
      run: (target) => runSqlScript(target, script, protocol),
      missing: (target) =>
        script.needsPrincipal && target.principalArn === undefined ? "it needs --principal" : undefined,
    }));
  });
}
