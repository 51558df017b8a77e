import assert from "node:assert/strict";
import { test } from "node:test";

import { withReferencesResolved } from "./dynamic-references.ts";

const values: Readonly<Record<string, string>> = { "/name": "ana", "/name:1": "an", "/empty": "" };
const resolved = (properties: Parameters<typeof withReferencesResolved>[0]) =>
  withReferencesResolved(properties, (selector) => values[selector]);

test("a reference to a parameter becomes its value, wherever it stands", () => {
  const properties = {
    A: "{{resolve:ssm:/name}}",
    B: [{ C: "for {{resolve:ssm:/name:1}} and {{resolve:ssm:/name}}" }],
  };
  assert.deepEqual(resolved(properties), { A: "ana", B: [{ C: "for an and ana" }] });
});

test("what is no reference stays as it is", () => {
  const properties = {
    A: "{{resolve}}",
    B: 3,
    C: null,
    D: "{{other:ssm:/name}}",
    E: "$& {{resolve:ssm:/empty}}",
  };
  assert.deepEqual(resolved(properties), { ...properties, E: "$& " });
});

test("a parameter that is not there is refused by its name", () => {
  assert.throws(() => resolved({ A: "{{resolve:ssm:/nobody}}" }), /\[ssm:\/nobody\] cannot be found/);
});

test("a secret's reference is refused with what is offered", () => {
  assert.throws(
    () => resolved({ A: "{{resolve:secretsmanager:mine:SecretString:password}}" }),
    /does not offer .*resolve:secretsmanager.* It offers: .*resolve:ssm/,
  );
});
