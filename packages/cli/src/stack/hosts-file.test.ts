import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { changeHostsFile, hostsText } from "./hosts-file.ts";

const line = "127.0.0.1 a.dsql.us-east-1.on.aws";

test("a line is added once, replaced, and taken out; every other line stays byte for byte", () => {
  for (const before of [
    "",
    "127.0.0.1 localhost\n",
    "127.0.0.1 localhost",
    "::1 x\r\n\r\n# dsql-local\r\n",
  ]) {
    const once = hostsText(before, "/a b", line);
    assert.ok(once.includes(`${line} # dsql-local /a b`));
    assert.equal(hostsText(once, "/a b", line), once);
    const both = hostsText(once, "/other", "127.0.0.1 other");
    assert.equal(hostsText(both, "/other", undefined), once);
    const without = hostsText(once, "/a b", undefined);
    assert.ok(without.startsWith(before) && without.trimEnd() === before.trimEnd());
  }
});

test("a file that may not be written is an error with the line to add; nothing is lost", async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hosts-file-test-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  await assert.rejects(changeHostsFile(folder, "/a", line), {
    remedy: /127\.0\.0\.1 a\.dsql.* # dsql-local \/a/,
  });
  const file = path.join(folder, "hosts");
  writeFileSync(file, "::1 localhost\n");
  assert.equal(await changeHostsFile(file, "/a", line), "changed");
  assert.equal(await changeHostsFile(file, "/a", line), "as it was");
  assert.equal(await changeHostsFile(file, "/a", undefined), "changed");
  assert.equal(readFileSync(file, "utf8"), "::1 localhost\n");
});
