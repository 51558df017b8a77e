import assert from "node:assert/strict";
import { test } from "node:test";

import {
  type SignedRequest,
  type SignatureVerdict,
  type VerificationOptions,
  readSignature,
  verifyRequest,
} from "./verify.ts";
import { RequestSigner, SigningKeys, emptyPayloadHash, payloadHash, unsignedPayload } from "./sign.ts";
import { awsSigner, credential, fixedMs, hostHeader } from "./aws-signer.fixture.ts";

const body = Buffer.from('{"payerId":1}');
const minuteMs = 60_000;

test("requests signed by the AWS SDK are accepted, whatever their path and query", async () => {
  const random = seeded(4711);
  const alphabet = [
    "a",
    "Z",
    "0",
    "-",
    "_",
    ".",
    "~",
    "/",
    "%20",
    "%2F",
    "%3A",
    "%C3%BC",
    "(",
    ")",
    "!",
    "'",
    "*",
    "+",
    "@",
    ",",
    "$",
  ];
  for (let run = 0; run < 200; run++) {
    const service = run % 2 === 0 ? "lambda" : "s3";
    const path = `/${text(random, alphabet)}`;
    const query = Object.fromEntries(
      [0, 1, 2].map((at) => [`${text(random, alphabet)}${at}`, text(random, alphabet)]),
    );
    // S3's wire path is what the SDK encoded; leave out what it would never send unencoded.
    const wirePath = service === "s3" ? path.replace(/[()!'*+@,$]/g, "x") : path;
    const signed = await awsSigner(service).sign(
      {
        method: "PUT",
        protocol: "https:",
        hostname: hostHeader.host,
        path: wirePath,
        query,
        headers: { ...hostHeader },
        body,
      },
      { signingDate: new Date(fixedMs) },
    );
    const verdict = verify(
      { method: "PUT", path: wirePath, query: toWire(query), headers: signed.headers, body },
      { service },
    );
    assert.deepEqual(failureOf(verdict), undefined, `${service} ${wirePath} ${toWire(query)}`);
  }
});

test("a verdict tells who signed, when and for what", () => {
  const verdict = verify(signedRequest());
  assert.deepEqual(verdict, {
    ok: true,
    accessKeyId: credential.accessKeyId,
    scope: { date: "20261001", region: "us-east-1", service: "lambda" },
    signedAtMs: fixedMs,
    payloadHash: payloadHash(body),
    query: [["a", "1"]],
  });
});

test("whatever is changed after signing is refused", () => {
  const request = signedRequest();
  const changed: [string, SignedRequest][] = [
    ["method", { ...request, method: "GET" }],
    ["path", { ...request, path: `${request.path}x` }],
    ["query", { ...request, query: "a=2" }],
    ["query added", { ...request, query: "a=1&b=1" }],
    ["host", withHeader(request, "host", "other.example")],
    ["date", withHeader(request, "x-amz-date", "20261001T123016Z")],
  ];
  for (const [what, tampered] of changed) assert.equal(failureOf(verify(tampered)), "wrong-signature", what);
  assert.equal(failureOf(verify({ ...request, body: Buffer.from("{}") })), "wrong-payload");
});

test("what is not a signature is refused with the reason", () => {
  const request = signedRequest();
  const authorization = String(request.headers["authorization"]);
  const without = (name: string): SignedRequest => ({
    ...request,
    headers: { ...request.headers, [name]: undefined },
  });
  const written = (value: string): SignedRequest => withHeader(request, "authorization", value);
  assert.equal(failureOf(verify(without("authorization"))), "missing");
  const malformed: [string, SignedRequest][] = [
    ["no date", without("x-amz-date")],
    ["another scheme", written("Basic YWRtaW46YWRtaW4=")],
    ["empty", written("")],
    ["algorithm alone", written("AWS4-HMAC-SHA256")],
    ["a field doubled", written(`${authorization}, Signature=00`)],
    ["no signature", written(authorization.replace(/, Signature=.*/, ""))],
    ["credential too short", written(authorization.replace("/aws4_request", ""))],
    ["credential too long", written(authorization.replace("/aws4_request", "/aws4_request/x"))],
    ["host unsigned", written(authorization.replace("host;", ""))],
    ["signed header absent", without("content-type")],
    ["query badly encoded", { ...request, query: "a=%zz" }],
    ["query endless", { ...request, query: "a&".repeat(2_000) }],
  ];
  for (const [what, wrong] of malformed) assert.equal(failureOf(verify(wrong)), "malformed", what);
  assert.equal(failureOf(verify(written(authorization.replace("ASIA", "AKIA")))), "unknown-access-key");
});

test("a signature of another region, service or day is refused", () => {
  assert.equal(failureOf(verify(signedRequest(), { region: "eu-west-1" })), "wrong-scope");
  assert.equal(failureOf(verify(signedRequest(), { service: "s3" })), "wrong-scope");
  const request = signedRequest();
  const otherDay = String(request.headers["authorization"]).replace("/20261001/", "/20260930/");
  assert.equal(failureOf(verify(withHeader(request, "authorization", otherDay))), "wrong-scope");
});

test("a session token must come with the key it belongs to, and only with it", () => {
  const request = signedRequest();
  assert.equal(
    failureOf(verify(withHeader(request, "x-amz-security-token", "other"))),
    "wrong-session-token",
  );
  const { sessionToken: _none, ...longTerm } = credential;
  assert.equal(failureOf(verify(request, { find: () => longTerm })), "wrong-session-token");
});

test("a signature is good for five minutes to either side", () => {
  const at = (offsetMs: number): SignatureVerdict => verify(signedRequest(), { nowMs: fixedMs + offsetMs });
  assert.equal(failureOf(at(5 * minuteMs)), undefined);
  assert.equal(failureOf(at(5 * minuteMs + 1)), "expired");
  assert.equal(failureOf(at(-5 * minuteMs)), undefined);
  assert.equal(failureOf(at(-5 * minuteMs - 1)), "not-yet-valid");
});

test("an expired presigned URL says when it was signed and what it was compared to", () => {
  const verdict = verify(presigned(900), { nowMs: fixedMs + 901_000 });
  assert.equal(failureOf(verdict), "expired");
  assert.equal(
    verdict.ok ? "" : verdict.explanation,
    "Signature expired: 20261001T123015Z is now earlier than 20261001T123016Z (20261001T124516Z - 15 min.)",
  );
});

test("a presigned URL lives as long as it says, at most a week", () => {
  assert.equal(failureOf(verify(presigned(604_800), { nowMs: fixedMs + 604_800_000 })), undefined);
  for (const expires of [0, 604_801, -1, 1.5])
    assert.equal(failureOf(verify(presigned(expires))), "malformed", `${expires}`);
});

test("a presigned URL with a parameter missing or doubled is malformed", () => {
  const request = presigned(900);
  for (const name of ["Algorithm", "Credential", "Date", "Expires", "SignedHeaders"]) {
    const pattern = new RegExp(`X-Amz-${name}=[^&]*&`);
    const [parameter = ""] = pattern.exec(request.query) ?? [];
    assert.notEqual(parameter, "");
    assert.equal(
      failureOf(verify({ ...request, query: request.query.replace(pattern, "") })),
      "malformed",
      name,
    );
    assert.equal(
      failureOf(verify({ ...request, query: parameter + request.query })),
      "malformed",
      `${name} twice`,
    );
  }
  const unsigned = request.query.replace(/&X-Amz-Signature=.*/, "");
  assert.equal(failureOf(verify({ ...request, query: unsigned })), "malformed");
});

test("two signatures in one request are refused, whichever of them is good", () => {
  const [header, query] = [signedRequest(), presigned(60)];
  const { authorization } = header.headers;
  for (const signature of [authorization, "Bearer abc"]) {
    const doubled = { ...query, headers: { ...query.headers, authorization: signature } };
    assert.equal(failureOf(verify(doubled)), "malformed", String(signature));
  }
  for (const part of [
    "X-Amz-Credential=x",
    "X-Amz-Algorithm",
    "X%2DAmz-Signature=0",
    "X-Amz-SignedHeaders=host",
  ])
    assert.equal(failureOf(verify({ ...header, query: `a=1&${part}` })), "malformed", part);
});

test("an x-amz header that is not signed is refused in both forms", () => {
  for (const request of [signedRequest(), presigned(60)])
    for (const name of ["x-amz-target", "x-amz-copy-source", "x-amz-invocation-type"])
      assert.equal(failureOf(verify(withHeader(request, name, "x"))), "unsigned-header", name);
  for (const name of ["x-amz-date", "x-amz-security-token"])
    assert.equal(failureOf(verify(withHeader(presigned(60), name, "x"))), "unsigned-header", name);
});

test("only S3 takes a body that the signature leaves open", () => {
  for (const service of ["iam", "lambda", "ssm"]) {
    const signer = new RequestSigner({ credential, region: "us-east-1", service });
    for (const marker of [unsignedPayload, "STREAMING-UNSIGNED-PAYLOAD-TRAILER"]) {
      const signed = { method: "POST", path: "/", headers: hostHeader, payloadHash: marker };
      const headers = signer.signHeaders(signed, fixedMs);
      const inHeader = { method: "POST", path: "/", query: "", headers };
      assert.equal(failureOf(verify({ ...inHeader, body })), "wrong-payload", `${service} ${marker}`);
      const parameter = ["X-Amz-Content-Sha256", marker] as const;
      const query = signer.presignQuery(
        { ...signed, query: [parameter] },
        { nowMs: fixedMs, expiresInSeconds: 60 },
      );
      const inQuery = { method: "POST", path: "/", query, headers: hostHeader };
      assert.equal(
        failureOf(verify({ ...inQuery, body })),
        "wrong-payload",
        `${service} ${marker}, presigned`,
      );
    }
  }
});

test("a request's claim is read before its body, and says whether the body is covered by a hash", () => {
  const { body: _body, ...head } = signedRequest();
  const claim = readSignature(head);
  assert.ok(claim.ok);
  assert.equal(claim.scope.service, "lambda");
  assert.equal(claim.payloadHash, payloadHash(body));
  const { "x-amz-content-sha256": _hash, ...headers } = head.headers;
  const silent = readSignature({ ...head, headers });
  assert.equal(silent.ok && silent.payloadHash, undefined);
});

test("an expired credential is refused even where its signature is right", () => {
  const find = (): typeof credential & { expiresAtMs: number } => ({ ...credential, expiresAtMs: fixedMs });
  assert.equal(failureOf(verify(signedRequest(), { find })), "credential-expired");
});

test("payload markers leave the body open, as S3 does", async () => {
  for (const marker of [
    unsignedPayload,
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
  ]) {
    const signed = await awsSigner("s3").sign(
      {
        method: "PUT",
        protocol: "https:",
        hostname: hostHeader.host,
        path: "/bucket/key",
        headers: { ...hostHeader, "x-amz-content-sha256": marker },
        body: undefined,
      },
      { signingDate: new Date(fixedMs) },
    );
    const request = { method: "PUT", path: "/bucket/key", query: "", headers: signed.headers, body };
    const verdict = verify(request, { service: "s3" });
    assert.equal(verdict.ok && verdict.payloadHash, marker);
  }
});

test("S3's presigned URLs cover no body, those of other services the empty one", async () => {
  const presign = async (service: string): Promise<SignedRequest> => {
    const request = {
      method: "GET",
      protocol: "https:",
      hostname: hostHeader.host,
      path: "/bucket/a%20b",
      headers: hostHeader,
    };
    const headers =
      service === "s3" ? { ...hostHeader, "x-amz-content-sha256": unsignedPayload } : hostHeader;
    const signed = await awsSigner(service).presign(
      { ...request, headers },
      { signingDate: new Date(fixedMs), expiresIn: 60 },
    );
    return { method: "GET", path: request.path, query: toWire(signed.query ?? {}), headers: signed.headers };
  };
  assert.equal(failureOf(verify(await presign("s3"), { service: "s3" })), undefined);
  const other = await presign("dsql");
  assert.equal(failureOf(verify(other, { service: "dsql" })), undefined);
  assert.equal(failureOf(verify({ ...other, body }, { service: "dsql" })), "wrong-payload");
});

function signedRequest(): SignedRequest {
  const signer = new RequestSigner({ credential, region: "us-east-1", service: "lambda" });
  const path = "/2015-03-31/functions/f/invocations";
  const headers = signer.signHeaders(
    {
      method: "POST",
      path,
      query: [["a", "1"]],
      headers: { ...hostHeader, "content-type": "application/json" },
      payloadHash: payloadHash(body),
    },
    fixedMs,
  );
  return { method: "POST", path, query: "a=1", headers, body };
}

function presigned(expiresInSeconds: number): SignedRequest {
  const signer = new RequestSigner({ credential, region: "us-east-1", service: "lambda" });
  const query = signer.presignQuery(
    { method: "GET", path: "/", headers: hostHeader, payloadHash: emptyPayloadHash },
    { nowMs: fixedMs, expiresInSeconds },
  );
  return { method: "GET", path: "/", query, headers: hostHeader };
}

function verify(request: SignedRequest, options: Partial<VerificationOptions> = {}): SignatureVerdict {
  return verifyRequest(request, {
    find: (accessKeyId) => (accessKeyId === credential.accessKeyId ? credential : undefined),
    signingKeys: new SigningKeys(),
    nowMs: fixedMs,
    ...options,
  });
}

function failureOf(verdict: SignatureVerdict): string | undefined {
  return verdict.ok ? undefined : verdict.failure;
}

function withHeader(request: SignedRequest, name: string, value: string): SignedRequest {
  return { ...request, headers: { ...request.headers, [name]: value } };
}

function toWire(query: Readonly<Record<string, string | string[] | null>>): string {
  return Object.entries(query)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`)
    .join("&");
}

function text(random: () => number, alphabet: readonly string[]): string {
  return Array.from(
    { length: 1 + Math.floor(random() * 12) },
    () => alphabet[Math.floor(random() * alphabet.length)],
  ).join("");
}

/** Mulberry32: enough for a test, and the same every time. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
