import { readdirSync } from "node:fs";
import path from "node:path";

/**
 * Files below a folder, as paths relative to `root` with forward slashes on every platform, sorted.
 * A folder that does not exist has none. Folders whose name is in `skip` are not entered; links are not followed.
 */
export function filesBelow(root: string, folder: string, options: { skip: readonly string[] }): string[] {
  const entries = entriesOf(path.join(root, folder));
  return entries.flatMap((entry) => {
    const relative = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory())
      return options.skip.includes(entry.name) ? [] : filesBelow(root, relative, options);
    return entry.isFile() ? [relative] : [];
  });
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((left, right) =>
      left.name < right.name ? -1 : 1,
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
