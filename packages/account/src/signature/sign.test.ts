import assert from "node:assert/strict";
import { test } from "node:test";

import {
  RequestSigner,
  SigningKeys,
  amzDate,
  canonicalPath,
  canonicalQuery,
  deriveSigningKey,
  emptyPayloadHash,
  parseAmzDate,
  payloadHash,
} from "./sign.ts";
import { awsSigner, credential, fixedMs, hostHeader } from "./aws-signer.fixture.ts";

test("a signing key is the one of the example in AWS's documentation", () => {
  const scope = { date: "20150830", region: "us-east-1", service: "iam" };
  assert.equal(
    deriveSigningKey("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", scope).toString("hex"),
    "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9",
  );
});

test("headers are signed as the AWS SDK signs them", async () => {
  const cases = [
    {
      service: "lambda",
      path: "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A1%3Afunction%3Af/invocations",
    },
    { service: "lambda", path: "/a//b/./c/../d e/" },
    { service: "lambda", path: "/.." },
    { service: "dsql", path: "/cluster/" },
    { service: "s3", path: "/bucket/a//b/../c%20%28d%29%21%27%2A/%C3%BC" },
    { service: "s3", path: "/" },
  ];
  for (const { service, path } of cases) {
    const body = '{"payerId":1}';
    const headers = {
      ...hostHeader,
      "Content-Type": " application/json;  charset=utf-8 ",
      "x-amz-content-sha256": payloadHash(body),
    };
    const query = { "max-results": "10", max: "", "a b": "ü&=+/", list: ["b", "a", "B"] };
    const expected = await awsSigner(service).sign(
      {
        method: "POST",
        protocol: "https:",
        hostname: hostHeader.host,
        path,
        query,
        headers: { ...headers },
        body,
      },
      { signingDate: new Date(fixedMs) },
    );
    const signer = new RequestSigner({ credential, region: "us-east-1", service });
    const signed = signer.signHeaders(
      {
        method: "POST",
        path,
        query: Object.entries(query).flatMap(([name, value]) =>
          [value].flat().map((item): [string, string] => [name, item]),
        ),
        headers,
        payloadHash: payloadHash(body),
      },
      fixedMs,
    );
    assert.equal(signed["authorization"], expected.headers["authorization"], `${service} ${path}`);
    assert.equal(signed["x-amz-security-token"], expected.headers["x-amz-security-token"]);
  }
});

test("a presigned query is the one that the AWS SDK makes", async () => {
  const expected = await awsSigner("dsql").presign(
    {
      method: "GET",
      protocol: "https:",
      hostname: hostHeader.host,
      path: "/",
      query: { Action: "DbConnect" },
      headers: hostHeader,
    },
    { signingDate: new Date(fixedMs), expiresIn: 900 },
  );
  const query = new RequestSigner({ credential, region: "us-east-1", service: "dsql" }).presignQuery(
    {
      method: "GET",
      path: "/",
      query: [["Action", "DbConnect"]],
      headers: hostHeader,
      payloadHash: emptyPayloadHash,
    },
    { nowMs: fixedMs, expiresInSeconds: 900 },
  );
  assert.deepEqual(Object.fromEntries(new URLSearchParams(query)), expected.query);
});

test("one signer signs for each second and day anew", () => {
  const signer = new RequestSigner({ credential, region: "us-east-1", service: "lambda" });
  const sign = (nowMs: number): string | undefined =>
    signer.signHeaders(
      { method: "GET", path: "/", headers: hostHeader, payloadHash: emptyPayloadHash },
      nowMs,
    )["authorization"];
  const dayMs = 86_400_000;
  const first = sign(fixedMs);
  const answers = [first, sign(fixedMs + 1_000), sign(fixedMs + dayMs)];
  assert.equal(new Set(answers).size, 3);
  assert.match(answers[2] ?? "", /20261002\/us-east-1/);
  assert.equal(sign(fixedMs), first, "and it can go back");
});

test("query parameters are sorted by name and then by value, after encoding", () => {
  assert.equal(
    canonicalQuery([
      ["a-b", "1"],
      ["a", "2"],
      ["a", "10"],
      ["A", "~"],
      ["é", "!"],
    ]),
    "%C3%A9=%21&A=~&a=10&a=2&a-b=1",
  );
});

test("an S3 path is encoded once, however much of it the client encoded", () => {
  assert.equal(canonicalPath("/bucket/a(b)", "s3"), canonicalPath("/bucket/a%28b%29", "s3"));
  assert.equal(canonicalPath("/bucket/100%", "s3"), "/bucket/100%");
});

test("a date that is no moment is not read", () => {
  assert.equal(parseAmzDate(amzDate(fixedMs)), fixedMs);
  for (const text of [
    "20260231T000000Z",
    "20261001T240000Z",
    "20261001T120000",
    "2026-10-01T12:00:00Z",
    "",
  ]) {
    assert.equal(parseAmzDate(text), undefined, text);
  }
});

test("the cache of signing keys forgets the key used least recently", () => {
  const keys = new SigningKeys(2);
  const scope = { date: "20261001", region: "us-east-1", service: "dsql" };
  const first = keys.get("first", scope);
  keys.get("second", scope);
  assert.equal(keys.get("first", scope), first, "kept");
  keys.get("third", scope);
  assert.equal(keys.get("first", scope), first, "used recently, so the second went");
  keys.get("fourth", scope);
  keys.get("fifth", scope);
  assert.notEqual(keys.get("first", scope), first, "derived again");
  assert.deepEqual(keys.get("first", scope), first, "to the same bytes");
});
