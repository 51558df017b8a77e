import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeParameterStatus } from "../wire/index.ts";
import { ReportedParameters } from "./reported-parameters.ts";

function reporting(settings: ReadonlyMap<string, string> = new Map()): {
  reported: ReportedParameters;
  /** What has been sent since the last look. */
  told: () => string[];
} {
  const sent: string[] = [];
  const reported = new ReportedParameters("admin", settings, (frame) => {
    const { name, value } = decodeParameterStatus(frame);
    sent.push(`${name}=${value}`);
  });
  return { reported, told: () => sent.splice(0) };
}

test("the start tells every parameter with the client's own settings", () => {
  const { reported, told } = reporting(new Map([["TimeZone", "Europe/Paris"]]));
  reported.tellAll();
  const all = told();
  for (const expected of ["TimeZone=Europe/Paris", "server_encoding=UTF8", "session_authorization=admin"]) {
    assert.ok(all.includes(expected), expected);
  }
});

test("what a block has set and takes back is told again", () => {
  const { reported, told } = reporting();
  reported.note("TimeZone", "Asia/Tokyo", "session");
  reported.note("TimeZone", "Europe/Paris", "session");
  reported.rollback();
  assert.deepEqual(told(), ["TimeZone=UTC"]);
});

test("what was local to a block is told again at its COMMIT, what was not stays", () => {
  const { reported, told } = reporting();
  reported.note("TimeZone", "Asia/Tokyo", "session");
  reported.note("TimeZone", "Europe/Paris", "local");
  reported.note("DateStyle", "German, DMY", "session");
  reported.commit();
  assert.deepEqual(told(), ["TimeZone=Asia/Tokyo"]);
  reported.rollback();
  assert.deepEqual(told(), []);
});

test("the end of a block that set nothing tells nothing", () => {
  const { reported, told } = reporting();
  reported.commit();
  reported.rollback();
  assert.deepEqual(told(), []);
});
