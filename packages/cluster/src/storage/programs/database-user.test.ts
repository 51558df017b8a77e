import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { canReach, parsePasswd } from "./database-user.ts";

test("the list of users leaves out root and lines that name nobody", () => {
  const text =
    "root:x:0:0:root:/root:/bin/bash\n+::::::\n\nnobody:x:65534:65533:nobody:/:/usr/sbin/nologin\nbroken\n";
  assert.deepEqual(parsePasswd(text), [{ name: "nobody", uid: 65534, gid: 65533 }]);
});

test(
  "a user reaches a folder only if it may pass through each one above",
  { skip: process.platform === "win32" },
  async (t) => {
    const top = await realpath(await mkdtemp(join(tmpdir(), "database-user-test-")));
    t.after(() => rm(top, { recursive: true, force: true }));
    await chmod(top, 0o755);
    const below = join(top, "closed", "open");
    await mkdir(below, { recursive: true });
    // Whatever this user's umask makes of new folders, and wherever the temporary ones are.
    for (const folder of [join(top, "closed"), below]) await chmod(folder, 0o755);
    const stranger = { name: "stranger", uid: 54321, gid: 54321 };
    const isAboveOpen = await canReach(dirname(top), stranger);
    assert.equal(await canReach(below, stranger), isAboveOpen);
    await chmod(join(top, "closed"), 0o700);
    assert.equal(await canReach(below, stranger), false);
    await chmod(join(top, "closed"), 0o701);
    assert.equal(await canReach(below, stranger), isAboveOpen);
  },
);
