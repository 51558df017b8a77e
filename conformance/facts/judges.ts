/** Which scripts judge which fact: read from the scripts, which name the facts. */
import { scriptFolders, readScripts } from "../paths.ts";
import { readLines } from "../script/lines.ts";

/** @returns the files of the scripts that name a fact, by its id */
export async function judgesOf(): Promise<ReadonlyMap<string, readonly string[]>> {
  const judges = new Map<string, string[]>();
  for (const folder of scriptFolders) {
    for (const { file, text } of await readScripts(folder)) {
      for (const id of readLines(file, text).facts) judges.set(id, [...(judges.get(id) ?? []), file]);
    }
  }
  return judges;
}
