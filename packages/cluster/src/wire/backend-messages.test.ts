import assert from "node:assert/strict";
import { test } from "node:test";
import {
  decodeCommandTag,
  decodeDataRow,
  decodeErrorFields,
  decodeParameterDescription,
  decodeParameterStatus,
  decodeReadyStatus,
  errorFieldsOf,
  joinRowDescription,
  splitRowDescription,
} from "./backend-messages.ts";
import { encodeBackend } from "./encode.ts";
import { FrameSplitter } from "./frames.ts";
import { readyStatus } from "./message-types.ts";

const columns = [
  { name: "id", typeOid: 23, typeSize: 4 },
  { name: "größe", typeOid: 25, typeSize: -1 },
  { name: "", typeOid: 16, typeSize: 1 },
];

test("a row description comes apart into its columns and together again", () => {
  const frame = encodeBackend.rowDescription(columns);
  const parts = splitRowDescription(frame);
  assert.equal(parts.length, 3);
  assert.deepEqual(joinRowDescription(parts), frame);
  assert.deepEqual(
    joinRowDescription(parts.slice(0, -1)),
    encodeBackend.rowDescription(columns.slice(0, -1)),
  );
});

test("a row description of no columns comes apart, too", () => {
  const frame = encodeBackend.rowDescription([]);
  assert.deepEqual(splitRowDescription(frame), []);
  assert.deepEqual(joinRowDescription([]), frame);
});

test("a row keeps NULL and the empty text apart", () => {
  const values = decodeDataRow(encodeBackend.dataRow(["1", null, "", Buffer.from([0, 255])]));
  assert.deepEqual(values, [Buffer.from("1"), null, Buffer.alloc(0), Buffer.from([0, 255])]);
});

test("the fields of an error survive the way there and back", () => {
  const fields = {
    severity: "ERROR",
    sqlstate: "40001",
    message: "change conflicts with another transaction",
    detail: "Ein Umlaut: ü.",
    hint: undefined,
    position: 15,
  };
  const decoded = errorFieldsOf(decodeErrorFields(encodeBackend.errorResponse(fields)));
  assert.deepEqual({ ...decoded, ...fields }, decoded);
});

test("a zero byte in an error's text does not end the field early", () => {
  const frame = encodeBackend.errorResponse({
    severity: "ERROR",
    sqlstate: "22021",
    message: "a\0b",
    hint: "c",
  });
  const fields = decodeErrorFields(frame);
  assert.equal(fields.get("M"), "ab");
  assert.equal(fields.get("H"), "c");
});

test("tags, settings and statuses are read", () => {
  assert.equal(decodeCommandTag(encodeBackend.commandComplete("INSERT 0 3")), "INSERT 0 3");
  assert.deepEqual(decodeParameterStatus(encodeBackend.parameterStatus("TimeZone", "UTC")), {
    name: "TimeZone",
    value: "UTC",
  });
  assert.equal(decodeReadyStatus(encodeBackend.readyForQuery(readyStatus.failed)), readyStatus.failed);
});

test("a parameter description is read", () => {
  const frame = Buffer.from([0x74, 0, 0, 0, 14, 0, 2, 0, 0, 0, 23, 0, 0, 0, 25]);
  assert.deepEqual(decodeParameterDescription(frame), [23, 25]);
});

test("every message that is encoded is one whole frame", () => {
  const frames = [
    encodeBackend.authenticationOk(),
    encodeBackend.authenticationCleartextPassword(),
    encodeBackend.backendKeyData(1, 2),
    encodeBackend.parseComplete(),
    encodeBackend.bindComplete(),
    encodeBackend.closeComplete(),
    encodeBackend.noData(),
    encodeBackend.emptyQueryResponse(),
    encodeBackend.portalSuspended(),
    encodeBackend.negotiateProtocolVersion(0, ["_pq_.x"]),
    encodeBackend.noticeResponse({ severity: "WARNING", sqlstate: "25001", message: "m" }),
    encodeBackend.rowDescription(columns),
  ];
  const seen: Buffer[] = [];
  new FrameSplitter(10_000).push(Buffer.concat(frames), (_, frame) => seen.push(frame));
  assert.deepEqual(seen, frames);
});
