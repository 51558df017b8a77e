/**
 * Holds what a command printed against what the text shows.
 *
 * The text shows the lines that matter, as one run printed them: they must be there, in that order. Numbers, times and the
 * names that AWS makes up differ from run to run, so each stands for any other of its kind.
 */

/** @returns the first line of the text that was not printed; undefined where all were */
export function firstMissingLine(expected: string, printed: string): string | undefined {
  const lines = printed.split(/[\n\r]/).map(pattern);
  let at = 0;
  return expected
    .split("\n")
    .filter((line) => line.trim() !== "")
    .find((line) => {
      const found = lines.indexOf(pattern(line), at);
      at = found + 1;
      return found === -1;
    });
}

function pattern(line: string): string {
  return (
    line
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<uuid>")
      .replace(/\b[a-z0-9]{26}\b/g, "<id>")
      // A role's name: what the stack and the resource leave room for, and a random end.
      .replace(/ReinventDat401Stack-\S+/g, "<name>")
      .replace(/\d[\d,.]*(ms|[KMs])?/g, "<number>")
      .replace(/-{4,}/g, "----")
      .replace(/\s+/g, " ")
      .trim()
  );
}
