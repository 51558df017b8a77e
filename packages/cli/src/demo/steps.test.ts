import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../failure.ts";
import { painter } from "../terminal.ts";
import { Steps } from "./steps.ts";

const plain = painter({ isTTY: false });

test("in a pipe each step is one line: outcome and time, no control characters", async () => {
  let written = "";
  const steps = new Steps({ write: (text) => (written += text) }, plain);
  await steps.quiet("Create tables", async () => "1,000 accounts");
  assert.match(written, /^ {2}✓ Create tables +1,000 accounts {2}\d+\.\d s\n$/);
});

test("a step that fails says which step it was, and keeps the reason and what to do", async () => {
  let written = "";
  const steps = new Steps({ write: (text) => (written += text) }, plain);
  const cause = new Failure("the disk is full", { remedy: "Free some space." });
  const run = steps.quiet("Create tables", () => Promise.reject(cause));
  await assert.rejects(run, {
    message: "Create tables failed: the disk is full",
    remedy: "Free some space.",
    cause,
  });
  assert.match(written, /^ {2}✗ Create tables/);
});

test("in a pipe what a step tells stands in lines below its name, before its outcome", async () => {
  let written = "";
  const steps = new Steps({ write: (text) => (written += text) }, plain);
  await steps.quiet("Deploy", async (tell) => {
    tell("1/2 CREATE_COMPLETE");
    tell("2/2 CREATE_COMPLETE");
    return "done";
  });
  assert.match(
    written,
    /^ {2}… Deploy\n {6}1\/2 CREATE_COMPLETE\n {6}2\/2 CREATE_COMPLETE\n {2}✓ Deploy +done {2}\d+\.\d s\n$/,
  );
});

test("on a terminal a step's line is rewritten with what it tells, fits, and goes when the step ends", async () => {
  const written: string[] = [];
  const screen = { isTTY: true, columns: 80, write: (text: string) => written.push(text) };
  await new Steps(screen, plain).quiet("Deploy", async (tell) => {
    tell("CREATE_COMPLETE ".repeat(10));
    return "done";
  });
  const told = written.find((text) => text.includes("CREATE_COMPLETE")) ?? "";
  assert.match(told, /^\r {2}\S Deploy +\d+\.\d s {2}CREATE_COMPLETE/);
  assert.equal(told.length, "\r".length + 79 + "\u001b[K".length);
  assert.equal(written.at(-2), "\r\u001b[K");
  assert.match(written.at(-1) ?? "", /✓ Deploy +done/);
});
