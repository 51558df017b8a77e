import assert from "node:assert/strict";
import { test } from "node:test";
import { diagnose } from "./diagnose.ts";

const where = { postgresDir: "/data/postgres", doing: "Starting PostgreSQL" };

const cases: Record<string, RegExp> = {
  '[7] FATAL:  could not write lock file "postmaster.pid": No space left on device':
    /^The disk that holds \/data\/postgres is full\.$/,
  "[7] PANIC:  could not locate a valid checkpoint record": /is damaged/,
  "postgres: error while loading shared libraries: libstdc++.so.6: cannot open shared object file":
    /need the library libstdc\+\+\.so\.6,/,
  "[7] FATAL:  could not create shared memory segment: Cannot allocate memory": /no shared memory/,
  '[7] FATAL:  data directory "/data/postgres" has wrong ownership': /belongs to another user/,
  '[7] FATAL:  could not open directory "pg_notify": No such file or directory': /damaged or incomplete/,
};

for (const [line, problem] of Object.entries(cases)) {
  test(`"${line}" is explained`, () => {
    const error = diagnose(["[7] LOG:  starting PostgreSQL", line], where);
    assert.match(error.problem, problem);
    assert.deepEqual(error.postgresLog.at(-1), line);
  });
}

test("a program that the system cannot find although it is there needs another C library", () => {
  const cause = new Error("spawn /x/native/bin/initdb ENOENT");
  assert.match(diagnose([], { ...where, cause }).problem, /need glibc/);
});

test("what nobody foresaw is told in PostgreSQL's own words", () => {
  const error = diagnose(["[7] FATAL:  the moon is full", "[7] LOG:  database system is shut down"], where);
  assert.equal(error.problem, "Starting PostgreSQL failed: FATAL:  the moon is full.");
});
