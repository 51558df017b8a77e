/** What the text tells the reader to type, typed: every chapter ends with exactly the files of its folder. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Chapter, type Files, chapters, readChapter } from "./chapter-files.ts";
import { applyEdit } from "./talk/edit.ts";
import { parseScript, readScript } from "./talk/script.ts";

/** The project after the edits of a chapter. */
function typed(chapter: Chapter): Files {
  const files = new Map(readChapter(chapters[0]));
  const last = chapters.indexOf(chapter);
  for (const block of readScript()) {
    if (chapters.indexOf(block.chapter) > last) break;
    if (block.kind === "file") files.set(block.file, `${block.text}\n`);
    if (block.kind === "edit") files.set(block.file, applyEdit(files.get(block.file) ?? "", block.text));
  }
  return files;
}

for (const chapter of chapters.slice(1)) {
  test(`who follows the text to the end of ${chapter} has the files of ${chapter}`, () => {
    assert.deepEqual(Object.fromEntries(typed(chapter)), Object.fromEntries(readChapter(chapter)));
  });
}

test("an edit whose lines are not there, or are there twice, is refused", () => {
  assert.equal(applyEdit("a\nb\nc\n", " a\n-b\n+x\n"), "a\nx\nc\n");
  assert.equal(applyEdit("a\nb\nc\n", "@@\n-a\n@@\n c\n+$&\n"), "b\nc\n$&\n");
  assert.throws(() => applyEdit("a\n", "-b\n+x\n"), /occur 0 times/);
  assert.throws(() => applyEdit("b\nb\n", "-b\n+x\n"), /occur 2 times/);
});

test("a code block that nothing would run is refused", () => {
  assert.throws(() => parseScript("```python\nprint()\n```\n"), /README.md:1: nothing runs/);
  assert.throws(() => parseScript("```sh\nls\n"), /no end/);
});
