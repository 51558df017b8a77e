import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeBindArguments, encodeFrontend } from "./encode.ts";
import { bodyOf } from "./frames.ts";
import {
  decodeBind,
  decodeBindArguments,
  decodeExecute,
  decodeParse,
  decodePassword,
  decodeQuery,
  decodeTarget,
} from "./frontend-messages.ts";
import { MalformedMessage } from "./reader.ts";

test("what is encoded is decoded", () => {
  assert.equal(decodeQuery(bodyOf(encodeFrontend.query("SELECT 'ä'"))), "SELECT 'ä'");
  assert.equal(decodePassword(bodyOf(encodeFrontend.password("token"))), "token");
  assert.deepEqual(decodeParse(bodyOf(encodeFrontend.parse("s1", "SELECT $1", [23, 0]))), {
    statement: "s1",
    text: "SELECT $1",
    parameterTypes: [23, 0],
  });
  assert.deepEqual(decodeExecute(bodyOf(encodeFrontend.execute("p", 50))), { portal: "p", rowsMax: 50 });
  assert.deepEqual(decodeTarget(bodyOf(encodeFrontend.describe("portal", "p"))), {
    target: "portal",
    name: "p",
  });
  assert.deepEqual(decodeTarget(bodyOf(encodeFrontend.close("statement", ""))), {
    target: "statement",
    name: "",
  });
});

test("Bind keeps its arguments as sent", () => {
  const bindArguments = encodeBindArguments([0, 1], ["text", Buffer.from([1, 2])], [1]);
  const bind = decodeBind(bodyOf(encodeFrontend.bind("p", "s", bindArguments)));
  assert.deepEqual([bind.portal, bind.statement], ["p", "s"]);
  assert.deepEqual(bind.arguments, bindArguments);
});

test("values, formats and result formats come apart", () => {
  const decoded = decodeBindArguments(encodeBindArguments([0, 1, 0], ["a", Buffer.from([7]), null], [0, 1]));
  assert.deepEqual(decoded, {
    formats: [0, 1, 0],
    values: [Buffer.from("a"), Buffer.from([7]), null],
    resultFormats: [0, 1],
  });
});

test("one format stands for all values, none for text", () => {
  assert.deepEqual(decodeBindArguments(encodeBindArguments([1], ["a", "b"], [])).formats, [1, 1]);
  assert.deepEqual(decodeBindArguments(encodeBindArguments([], ["a", "b"], [])).formats, [0, 0]);
});

test("another number of formats than of values is malformed", () => {
  assert.throws(
    () => decodeBindArguments(encodeBindArguments([0, 1], ["a", "b", "c"], [])),
    MalformedMessage,
  );
});

test("65,535 parameters fit, as in PostgreSQL", () => {
  const values = Array.from({ length: 65_535 }, (_, index) => String(index));
  const decoded = decodeBindArguments(encodeBindArguments([], values, []));
  assert.equal(decoded.values.length, 65_535);
  assert.equal(decoded.values.at(-1)?.toString(), "65534");
  const types = Array.from({ length: 65_535 }, () => 25);
  assert.equal(decodeParse(bodyOf(encodeFrontend.parse("", "", types))).parameterTypes.length, 65_535);
});

const decoders: readonly (readonly [string, Buffer, (body: Buffer) => unknown])[] = [
  ["Query", encodeFrontend.query("SELECT 1"), decodeQuery],
  ["Parse", encodeFrontend.parse("s", "SELECT $1", [23]), decodeParse],
  ["Bind", encodeFrontend.bind("p", "s", encodeBindArguments([1], ["value"], [0])), decodeWholeBind],
  ["Describe", encodeFrontend.describe("statement", "s"), decodeTarget],
  ["Execute", encodeFrontend.execute("p", 1), decodeExecute],
];

function decodeWholeBind(body: Buffer): unknown {
  return decodeBindArguments(decodeBind(body).arguments);
}

for (const [name, frame, decode] of decoders) {
  test(`${name} that ends early anywhere is malformed`, () => {
    const body = bodyOf(frame);
    for (let length = 0; length < body.length; length++) {
      assert.throws(() => decode(body.subarray(0, length)), MalformedMessage, `cut at ${length}`);
    }
  });

  test(`${name} with a byte too many is malformed`, () => {
    assert.throws(() => decode(Buffer.concat([bodyOf(frame), Buffer.from([0])])), MalformedMessage);
  });
}

test("a value with a length below -1 is malformed", () => {
  const bytes = encodeBindArguments([], ["a"], []);
  bytes.writeInt32BE(-2, 4);
  assert.throws(() => decodeBindArguments(bytes), MalformedMessage);
});

test("a Describe of something else than a statement or portal is malformed", () => {
  assert.throws(() => decodeTarget(Buffer.from("Xname\0")), MalformedMessage);
});
