import assert from "node:assert/strict";
import { test } from "node:test";
import { lintTexts } from "../lint.ts";

/** @returns the settings that are found, with the text that they are found at */
async function found(program: string): Promise<string[][]> {
  const { findings } = await lintTexts([{ file: "a.ts", text: program }]);
  const lines = program.split("\n");
  return findings.map(({ ruleId, message, line, column, endColumn }) => {
    assert.equal(ruleId, "set");
    const name = /"(.+)"/.exec(message)?.[1] ?? "";
    return [name, lines[line - 1]?.slice(column - 1, endColumn - 1) ?? ""];
  });
}

test("what a driver sends when it connects is found where it is said", async () => {
  assert.deepEqual(await found("new Pool({ host, statement_timeout: 5_000, query_timeout: 1, max: 3 });"), [
    ["statement_timeout", "statement_timeout: 5_000"],
  ]);
  assert.deepEqual(
    await found("new pg.Client({ lock_timeout: ms, idle_in_transaction_session_timeout: 1 });"),
    [
      ["lock_timeout", "lock_timeout: ms"],
      ["idle_in_transaction_session_timeout", "idle_in_transaction_session_timeout: 1"],
    ],
  );
  assert.deepEqual(
    await found("const options: PoolConfig = { statement_timeout: 1 };\nnew AuroraDSQLPool(options);"),
    [["statement_timeout", "statement_timeout: 1"]],
  );
  const text = 'new Pool({ options: "-c statement_timeout=5s -c search_path=app --work-mem=1MB" });';
  const option = text.slice(text.indexOf("options"), text.indexOf(" });"));
  assert.deepEqual(await found(text), [
    ["statement_timeout", option],
    ["work_mem", option],
  ]);
  assert.deepEqual(await found("postgres({ host, connection: { application_name: 'x', jit: false } });"), [
    ["jit", "jit: false"],
  ]);
  assert.deepEqual(await found("drizzle({ connection: { host, max: 1, statement_timeout: 1 } });"), [
    ["statement_timeout", "statement_timeout: 1"],
  ]);
});

test("what the service takes, what stays with the client and what is no connection is left alone", async () => {
  const program = `
    new Pool({ application_name: "x", query_timeout: 5, connectionTimeoutMillis: 1, statement_timeout: undefined });
    new Pool({ options: "-c amzn-cluster-id=abc -c search_path=app", ...more });
    new Query({ statement_timeout: 1 });
    report({ lock_timeout: 1 });
    new SearchClient({ connection: { keepAlive: true } });
    createPool({ endpoint, searchPath: "app" });`;
  assert.deepEqual(await found(program), []);
});

test("a comment with its reason puts it aside", async () => {
  const text =
    "// dsql-lint-disable-next-line set: this pool is PostgreSQL's\nnew Pool({ statement_timeout: 1 });";
  assert.deepEqual(await found(text), []);
});
