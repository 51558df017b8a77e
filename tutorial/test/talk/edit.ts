/** Carries out a change that the text shows as a diff, as a reader would: by finding the lines that it names. */

/**
 * @param diff - lines that begin with a blank (stay), `-` (go) or `+` (come); `@@` between places
 * @throws the old lines of a place are not there, or are there twice
 */
export function applyEdit(text: string, diff: string): string {
  return diff
    .split(/^@@.*\n/m)
    .filter((hunk) => hunk !== "")
    .reduce(applyHunk, text);
}

function applyHunk(text: string, hunk: string): string {
  const lines = hunk.replace(/\n$/, "").split("\n");
  const before = linesOf(lines, "-");
  const after = linesOf(lines, "+");
  const places = text.split(before).length - 1;
  if (places !== 1) throw new Error(`these lines occur ${places} times, not once:\n${before}`);
  // A function, because a text would have its dollar signs read as references.
  return text.replace(before, () => after);
}

/** The lines that stay and those with the sign, each with its line feed. */
function linesOf(lines: readonly string[], sign: "-" | "+"): string {
  return lines
    .filter((line) => line === "" || line.startsWith(" ") || line.startsWith(sign))
    .map((line) => `${line.slice(1)}\n`)
    .join("");
}
