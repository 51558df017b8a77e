import assert from "node:assert/strict";
import { test } from "node:test";
import { queryIdentifier } from "./query-identifier.ts";

test("an identifier has 13 characters, the last of which carries four bits", () => {
  assert.match(queryIdentifier("SELECT 1"), /^[ybndrfg8ejkmcpqxot1uwisza345h769]{12}[ynrgekcqo1wz354h]$/);
});

test("statements that differ in constants, case, spaces and comments have the same identifier", () => {
  const identifier = queryIdentifier("SELECT * FROM account WHERE id = 1 AND name = 'Ana'");
  assert.equal(
    queryIdentifier("select *\n from account /* who */ where id = $1 and name = 'Ben'"),
    identifier,
  );
  assert.notEqual(queryIdentifier("SELECT * FROM account WHERE id = 1 OR name = 'Ana'"), identifier);
  assert.notEqual(queryIdentifier(`SELECT * FROM "Account" WHERE id = 1 AND name = 'Ana'`), identifier);
});
