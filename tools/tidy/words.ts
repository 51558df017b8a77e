/** Words that say a thing is not finished. What is left out is said in the documents, with its reason. */
import type { Finding, TextFile, Tree } from "./tree.ts";

// Written so that this file does not find itself.
const forbidden = [/\bTO[D]O\b/, /\bFIX[M]E\b/, /\bHAC[K]\b/, /\bnot\s+implement[e]d\b/i];

export function checkWords(tree: Tree): Finding[] {
  return [...tree.sources, ...tree.documents].flatMap(wordsIn);
}

function wordsIn(file: TextFile): Finding[] {
  return file.text.split("\n").flatMap((text, index): Finding[] => {
    const found = forbidden.map((word) => word.exec(text)?.[0]).find((word) => word !== undefined);
    if (found === undefined) return [];
    const message = `says "${found}": finish it, or say in the documents why it is left out.`;
    return [{ severity: "error", file: file.path, line: index + 1, message }];
  });
}
