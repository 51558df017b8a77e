import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** Where the scripts lie: beside the sources, not beside the compiled files. */
const packageRoot = new URL("../", import.meta.url);
export const repositoryRoot = new URL("../", packageRoot);

/** The folders that hold scripts. */
export const scriptFolders = ["isolation", "sql", "known-differences"] as const;

/** The scripts of a folder by name, in alphabetical order. */
export async function readScripts(folder: string): Promise<{ file: string; text: string }[]> {
  const directory = new URL(`${folder}/`, packageRoot);
  const names = (await readdir(directory)).filter((name) => name.endsWith(".script")).sort();
  return Promise.all(
    names.map(async (name) => ({
      file: `${folder}/${name}`,
      text: await readFile(fileURLToPath(new URL(name, directory)), "utf8"),
    })),
  );
}
