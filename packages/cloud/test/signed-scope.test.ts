/** What a signature covers is all that steers a request: nothing beside it makes another request of it. */

import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, test } from "node:test";

import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { payloadHash, type QueryParameter, RequestSigner, unsignedPayload } from "@dsql-local/account";

import { region, startCloud, type StartedCloud } from "./cloud-support.ts";

let local: StartedCloud;
before(async () => {
  local = await startCloud();
  await new S3Client(local.client).send(new CreateBucketCommand({ Bucket: "assets" }));
});
after(() => local.close());

interface Sent {
  readonly method?: string;
  readonly target: string;
  /** Names and values one after the other, as they go over the wire. */
  readonly headers?: readonly string[];
  readonly body?: string;
}

/** Sends exactly this, which no HTTP library with opinions would. */
function send({
  method = "POST",
  target,
  headers = [],
  body = "",
}: Sent): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const { host } = new URL(local.cloud.endpoint);
    const all = ["Host", host, "Content-Length", String(Buffer.byteLength(body)), ...headers];
    const outgoing = request(
      { host: "127.0.0.1", port: local.cloud.port, method, path: target, headers: all, setHost: false },
      (incoming) => {
        let text = "";
        incoming.setEncoding("utf8");
        incoming.on("data", (chunk: string) => (text += chunk));
        incoming.on("end", () => {
          resolve({ status: incoming.statusCode ?? 0, text });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

function signerFor(service: string): RequestSigner {
  return new RequestSigner({ credential: local.identities.administrator, region, service });
}

const expiresInSeconds = 600;

/** @returns path and query */
function presigned(
  service: string,
  options: {
    method?: string;
    path?: string;
    query?: readonly QueryParameter[];
    headers?: Record<string, string>;
    atMs?: number;
    expiresInSeconds?: number;
  } = {},
): string {
  const { method = "PUT", path = "/assets/picture", query = [] } = options;
  const { host } = new URL(local.cloud.endpoint);
  const hash = service === "s3" ? unsignedPayload : payloadHash("");
  const toSign = { method, path, query, headers: { host, ...options.headers }, payloadHash: hash };
  const times = {
    nowMs: options.atMs ?? Date.now(),
    expiresInSeconds: options.expiresInSeconds ?? expiresInSeconds,
  };
  return `${path}?${signerFor(service).presignQuery(toSign, times)}`;
}

function signed(
  service: string,
  options: {
    method?: string;
    path?: string;
    query?: readonly QueryParameter[];
    headers?: Record<string, string>;
    body?: string;
  },
): string[] {
  const { method = "POST", path = "/", query = [], body = "" } = options;
  const { host } = new URL(local.cloud.endpoint);
  const headers = signerFor(service).signHeaders(
    { method, path, query, headers: { host, ...options.headers }, payloadHash: payloadHash(body) },
    Date.now(),
  );
  return Object.entries(headers)
    .filter(([name]) => name !== "host")
    .flat();
}

const createRole = new URLSearchParams({
  Action: "CreateRole",
  Version: "2010-05-08",
  RoleName: "intruder",
  AssumeRolePolicyDocument: JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" }],
  }),
}).toString();

/** What an intruder would do with each service, had they more than a presigned URL. */
const intrusions: Readonly<
  Record<string, { method?: string; path?: string; headers?: string[]; body?: string }>
> = {
  iam: { body: createRole },
  sts: { body: "Action=GetCallerIdentity&Version=2011-06-15" },
  cloudformation: { body: "Action=DescribeStacks&Version=2010-05-15" },
  ssm: { headers: ["X-Amz-Target", "AmazonSSM.DescribeParameters"], body: "{}" },
  logs: { headers: ["X-Amz-Target", "Logs_20140328.DescribeLogGroups"], body: "{}" },
  ecr: {
    headers: ["X-Amz-Target", "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories"],
    body: "{}",
  },
  lambda: { method: "GET" },
  dsql: { method: "GET" },
};

test("a presigned URL is good for what it was signed for, whatever stands beside it", async () => {
  for (const [service, { headers = [], body = "" }] of Object.entries(intrusions)) {
    const scope = `x/20260101/${region}/${service}/aws4_request`;
    const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`;
    for (const beside of [
      ["Authorization", authorization, ...headers],
      ["Authorization", `Credential=${scope}`, ...headers],
      ["Authorization", "Bearer x", ...headers],
    ]) {
      const answer = await send({ method: "PUT", target: presigned("s3"), headers: beside, body });
      assert.equal(answer.status, 403, `${service}: ${answer.text}`);
      assert.match(answer.text, /signed twice/);
    }
  }
  assert.equal(local.identities.getRole("intruder"), undefined);
});

test("a good signature in the header does not make the scope of a presigned query good, nor the other way round", async () => {
  const body = createRole;
  const headers = signed("s3", { method: "PUT", path: "/assets/picture", body });
  const answer = await send({ method: "PUT", target: presigned("iam"), headers, body });
  assert.equal(answer.status, 403);
  const scope = encodeURIComponent(`x/20260101/${region}/iam/aws4_request`);
  const claimed = await send({
    method: "PUT",
    target: `/assets/picture?X-Amz-Credential=${scope}`,
    headers,
    body,
  });
  assert.equal(claimed.status, 403);
  assert.equal(local.identities.getRole("intruder"), undefined);
});

test("a header that steers is refused unless it is signed", async () => {
  const s3 = new S3Client(local.client);
  await s3.send(new PutObjectCommand({ Bucket: "assets", Key: "secret", Body: "secret" }));
  const copy = await send({
    method: "PUT",
    target: presigned("s3"),
    headers: ["X-Amz-Copy-Source", "/assets/secret"],
  });
  assert.equal(copy.status, 403);
  assert.match(
    copy.text,
    /<Code>AccessDenied<\/Code>.*headers present in the request which were not signed: x-amz-copy-source/,
  );

  const headers = signed("ssm", { headers: { "content-type": "application/x-amz-json-1.1" }, body: "{}" });
  const target = ["X-Amz-Target", "AmazonSSM.DescribeParameters"];
  const unsigned = await send({ target: "/", headers: [...headers, ...target], body: "{}" });
  assert.equal(unsigned.status, 403);
  const overridden = await send({
    target: presigned("s3", { method: "GET" }),
    method: "GET",
    headers: ["X-HTTP-Method-Override", "DELETE", "X-HTTP-Method", "DELETE"],
  });
  assert.equal(overridden.status, 404); // there is no picture; and the method stays that of the request
});

test("a header that steers is refused when it is there twice", async () => {
  const body = "{}";
  const headers = signed("ssm", { headers: { "x-amz-target": "AmazonSSM.DescribeParameters" }, body });
  assert.equal((await send({ target: "/", headers, body })).status, 200);
  for (const twice of ["X-Amz-Target", "X-Amz-Date", "Authorization", "Host", "Content-Type"]) {
    const doubled = [...headers, twice, "x", ...(twice === "Content-Type" ? [twice, "y"] : [])];
    const answer = await send({ target: "/", headers: doubled, body });
    assert.ok(answer.status === 400 || answer.status === 403, `${twice}: ${answer.status} ${answer.text}`);
    assert.match(answer.text, /twice|^$/, twice);
  }
});

test("a body that was not signed is refused by every service but S3, and a presigned URL takes none", async () => {
  const form = "Action=GetCallerIdentity&Version=2011-06-15";
  const query: QueryParameter[] = [...new URLSearchParams(form)];
  const target = presigned("iam", { method: "POST", path: "/", query });
  const answer = await send({ target, body: createRole });
  assert.match(answer.text, /does not have the SHA-256 that was signed/);
  for (const marker of [unsignedPayload, "STREAMING-UNSIGNED-PAYLOAD-TRAILER"]) {
    const { host } = new URL(local.cloud.endpoint);
    const toSign = { method: "POST", path: "/", headers: { host }, payloadHash: marker };
    const { host: _host, ...headers } = signerFor("iam").signHeaders(toSign, Date.now());
    const open = await send({ target: "/", headers: Object.entries(headers).flat(), body: createRole });
    assert.match(open.text, /only S3 takes/);
  }
  assert.equal(local.identities.getRole("intruder"), undefined);
});

test("small bodies of S3, which say what is to be done, are held against their hash as objects are", async () => {
  await new S3Client(local.client).send(
    new PutObjectCommand({ Bucket: "assets", Key: "kept", Body: "kept" }),
  );
  const deletion = (key: string) => `<Delete><Object><Key>${key}</Key></Object></Delete>`;
  const bodies = [
    { method: "POST", query: "delete", signedBody: deletion("gone"), body: deletion("kept") },
    { method: "PUT", query: "tagging", signedBody: "<Tagging/>", body: "<Tagging><TagSet/></Tagging>" },
    { method: "PUT", query: "policy", signedBody: "{}", body: '{"Version":"2012-10-17","Statement":[]}' },
  ];
  for (const { method, query, signedBody, body } of bodies) {
    const headers = signed("s3", { method, path: "/assets", query: [[query, ""]], body: signedBody });
    const answer = await send({ method, target: `/assets?${query}`, headers, body });
    assert.equal(answer.status, 400, query);
    assert.match(answer.text, /XAmzContentSHA256Mismatch/);
  }
  const kept = await new S3Client(local.client).send(new GetObjectCommand({ Bucket: "assets", Key: "kept" }));
  assert.equal(await kept.Body?.transformToString(), "kept");
});

test("what to do stands in one place and once", async () => {
  const action = "Action=GetCallerIdentity&Version=2011-06-15";
  const twice = `${action}&Action=AssumeRole`;
  const inBody = await send({ target: "/", headers: signed("sts", { body: twice }), body: twice });
  assert.match(inBody.text, /<Code>MalformedInput<\/Code>.*Action twice/);
  const query: QueryParameter[] = [["Action", "AssumeRole"]];
  const headers = signed("sts", { query, body: action });
  const inBoth = await send({ target: "/?Action=AssumeRole", headers, body: action });
  assert.match(inBoth.text, /<Code>MalformedInput<\/Code>/);
  const doubled = presigned("s3", {
    method: "GET",
    path: "/assets",
    query: [
      ["prefix", "a"],
      ["prefix", "b"],
    ],
  });
  const listed = await send({ method: "GET", target: doubled });
  assert.match(listed.text, /query parameter prefix twice/);
});

test("path and query mean what was signed, however they are written", async () => {
  await new S3Client(local.client).send(
    new PutObjectCommand({ Bucket: "assets", Key: "a b", Body: "blank" }),
  );
  const target = presigned("s3", { method: "GET", path: "/assets", query: [["prefix", "a+b"]] });
  // A form would read this as `a b`; signed was `a+b`.
  const respelt = await send({ method: "GET", target: target.replace("a%2Bb", "a+b") });
  assert.equal(respelt.status, 200);
  assert.match(respelt.text, /<Prefix>a\+b<\/Prefix>/);

  // The signature is that of `/cluster` for all of these.
  for (const path of ["/cluster", "//cluster", "/x/../cluster", "/./cluster"]) {
    const headers = signed("dsql", { method: "GET", path: "/cluster" });
    const listed = await send({ method: "GET", target: path, headers });
    assert.equal(listed.status, 200, path);
    assert.match(listed.text, /"clusters"/);
  }
  const headers = signed("dsql", { method: "GET", path: "/cluster" });
  const elsewhere = await send({ method: "GET", target: "http://other.example/cluster", headers });
  assert.notEqual(elsewhere.status, 200);
});

test("a presigned URL of a bucket called lambda-url stays with S3", async () => {
  await new S3Client(local.client).send(new CreateBucketCommand({ Bucket: "lambda-url" }));
  const target = presigned("s3", { method: "GET", path: "/lambda-url/abc/" });
  const answer = await send({ method: "GET", target });
  assert.match(answer.text, /<Code>NoSuchKey<\/Code>/);
});

test("a presigned URL is refused beyond its time, before it, and for more than a week", async () => {
  const minuteMs = 60_000;
  const target = (options: { atMs?: number; expiresInSeconds?: number }): string =>
    presigned("s3", { method: "GET", path: "/assets", ...options });
  const refused: readonly [string, RegExp][] = [
    [target({ atMs: Date.now() - 11 * minuteMs }), /Signature expired/],
    [target({ atMs: Date.now() + 60 * minuteMs }), /not yet current/],
    [target({ expiresInSeconds: 604_801 }), /X-Amz-Expires must be from 1 to 604800/],
    [target({}).replace(/X-Amz-Expires=600/, "X-Amz-Expires=604800"), /SignatureDoesNotMatch/],
    [target({}).replace(/X-Amz-Expires=600&/, ""), /X-Amz-Expires is missing/],
  ];
  for (const [url, reason] of refused) {
    const answer = await send({ method: "GET", target: url });
    assert.equal(answer.status, 403, url);
    assert.match(answer.text, reason);
  }
});

test("an unsigned request, and one of a key that nobody has, is refused before its body is read", async () => {
  const scope = `AKIANOBODY/20260101/${region}/iam/aws4_request`;
  const nobody = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`;
  for (const headers of [[], ["Authorization", nobody, "X-Amz-Date", "20260101T000000Z"]]) {
    const answer = await new Promise<number>((resolve, reject) => {
      const { host } = new URL(local.cloud.endpoint);
      const all = ["Host", host, "Content-Length", "1000000", ...headers];
      const options = { host: "127.0.0.1", port: local.cloud.port, method: "POST", path: "/", headers: all };
      const outgoing = request({ ...options, setHost: false }, (incoming) => {
        resolve(incoming.statusCode ?? 0);
        incoming.resume();
        outgoing.destroy();
      });
      outgoing.on("error", reject);
      outgoing.write("a"); // and never the rest: an answer comes only from whoever does not wait for it
    });
    assert.equal(answer, 403);
  }
});

test("SDKs go on as before", async () => {
  const { Arn } = await new STSClient(local.client).send(new GetCallerIdentityCommand({}));
  assert.equal(Arn, local.identities.administrator.callerArn);
});
