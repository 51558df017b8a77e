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
