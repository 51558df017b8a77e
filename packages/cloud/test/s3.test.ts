import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { after, before, test } from "node:test";

import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  GetBucketEncryptionCommand,
  GetBucketLocationCommand,
  GetBucketTaggingCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  paginateListObjectsV2,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { Upload } from "@aws-sdk/lib-storage";

import { startCloud, type StartedCloud } from "./cloud-support.ts";

let local: StartedCloud;
let client: S3Client;
before(async () => {
  local = await startCloud();
  client = new S3Client(local.client);
  await client.send(new CreateBucketCommand({ Bucket: "objects" }));
});
after(async () => {
  client.destroy();
  await local.close();
});

async function read(key: string, options: { Range?: string } = {}): Promise<Buffer> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: "objects", Key: key, ...options }));
  assert.ok(Body);
  return Buffer.from(await Body.transformToByteArray());
}

test("an object comes back as it was put, with its headers", async () => {
  const Key = "a folder/ünï+code & <xml>.txt";
  await client.send(
    new PutObjectCommand({
      Bucket: "objects",
      Key,
      Body: "content",
      ContentType: "text/plain",
      Metadata: { who: "me" },
    }),
  );
  const head = await client.send(new HeadObjectCommand({ Bucket: "objects", Key }));
  assert.equal(head.ContentLength, 7);
  assert.equal(head.ContentType, "text/plain");
  assert.deepEqual(head.Metadata, { who: "me" });
  assert.equal(head.ETag, '"9a0364b9e99bb480dd25e1f0284c8555"');
  assert.equal((await read(Key)).toString(), "content");
});

test("a body of unknown length arrives in chunks, its framing taken off and its checksum compared", async () => {
  const bytes = randomBytes(300_000);
  const Body = Readable.from([bytes.subarray(0, 1), bytes.subarray(1, 70_000), bytes.subarray(70_000)]);
  await client.send(
    new PutObjectCommand({ Bucket: "objects", Key: "chunked", Body, ContentLength: bytes.length }),
  );
  assert.deepEqual(await read("chunked"), bytes);
});

test("a large object is uploaded in parts", async () => {
  const bytes = randomBytes(11 * 1024 * 1024);
  await new Upload({
    client,
    params: { Bucket: "objects", Key: "large", Body: bytes },
    partSize: 5 * 1024 * 1024,
  }).done();
  const head = await client.send(new HeadObjectCommand({ Bucket: "objects", Key: "large" }));
  assert.match(head.ETag ?? "", /^"[0-9a-f]{32}-3"$/);
  assert.ok((await read("large")).equals(bytes));
});

test("a range gives the bytes asked for, both ends included", async () => {
  await client.send(new PutObjectCommand({ Bucket: "objects", Key: "digits", Body: "0123456789" }));
  assert.equal((await read("digits", { Range: "bytes=2-4" })).toString(), "234");
  assert.equal((await read("digits", { Range: "bytes=-3" })).toString(), "789");
  assert.equal((await read("digits", { Range: "bytes=8-" })).toString(), "89");
  await assert.rejects(read("digits", { Range: "bytes=10-" }), { name: "InvalidRange" });
});

test("a condition that does not hold is refused", async () => {
  await client.send(new PutObjectCommand({ Bucket: "objects", Key: "once", Body: "1", IfNoneMatch: "*" }));
  await assert.rejects(
    client.send(new PutObjectCommand({ Bucket: "objects", Key: "once", Body: "2", IfNoneMatch: "*" })),
    {
      name: "PreconditionFailed",
    },
  );
  await assert.rejects(
    client.send(new GetObjectCommand({ Bucket: "objects", Key: "once", IfMatch: '"0"' })),
    {
      name: "PreconditionFailed",
    },
  );
  assert.equal((await read("once")).toString(), "1");
});

test("lists go by prefix and delimiter, page by page, in the order of the keys", async () => {
  await client.send(new CreateBucketCommand({ Bucket: "listed" }));
  for (const Key of ["b/2", "a", "b/1", "c/x/1", "c/y"]) {
    await client.send(new PutObjectCommand({ Bucket: "listed", Key, Body: Key }));
  }
  const whole = await client.send(new ListObjectsV2Command({ Bucket: "listed" }));
  assert.deepEqual(
    whole.Contents?.map((object) => object.Key),
    ["a", "b/1", "b/2", "c/x/1", "c/y"],
  );
  const grouped = await client.send(new ListObjectsV2Command({ Bucket: "listed", Delimiter: "/" }));
  assert.deepEqual(
    grouped.CommonPrefixes?.map((prefix) => prefix.Prefix),
    ["b/", "c/"],
  );
  assert.deepEqual(
    grouped.Contents?.map((object) => object.Key),
    ["a"],
  );
  const below = await client.send(new ListObjectsCommand({ Bucket: "listed", Prefix: "c/", Delimiter: "/" }));
  assert.deepEqual(
    below.CommonPrefixes?.map((prefix) => prefix.Prefix),
    ["c/x/"],
  );
  const paged: string[] = [];
  for await (const page of paginateListObjectsV2({ client, pageSize: 2 }, { Bucket: "listed" })) {
    assert.ok((page.Contents?.length ?? 0) <= 2);
    paged.push(...(page.Contents ?? []).map((object) => object.Key ?? ""));
  }
  assert.deepEqual(paged, ["a", "b/1", "b/2", "c/x/1", "c/y"]);
});

test("a bucket with objects is not deleted; emptied, it is", async () => {
  await client.send(new CreateBucketCommand({ Bucket: "short-lived" }));
  await client.send(new PutObjectCommand({ Bucket: "short-lived", Key: "k", Body: "1" }));
  await assert.rejects(client.send(new DeleteBucketCommand({ Bucket: "short-lived" })), {
    name: "BucketNotEmpty",
  });
  const { Deleted } = await client.send(
    new DeleteObjectsCommand({ Bucket: "short-lived", Delete: { Objects: [{ Key: "k" }] } }),
  );
  assert.deepEqual(Deleted, [{ Key: "k" }]);
  await client.send(new DeleteBucketCommand({ Bucket: "short-lived" }));
  await assert.rejects(client.send(new HeadBucketCommand({ Bucket: "short-lived" })), { name: "NotFound" });
});

test("what is not there is refused in S3's words", async () => {
  await assert.rejects(read("missing"), { name: "NoSuchKey" });
  await assert.rejects(client.send(new ListObjectsV2Command({ Bucket: "missing-bucket" })), {
    name: "NoSuchBucket",
  });
});

test("an object is copied, and carries tags", async () => {
  await client.send(new PutObjectCommand({ Bucket: "objects", Key: "source", Body: "copied" }));
  await client.send(
    new CopyObjectCommand({ Bucket: "objects", Key: "target", CopySource: "objects/source" }),
  );
  assert.equal((await read("target")).toString(), "copied");
  const TagSet = [{ Key: "stage", Value: "a & b" }];
  await client.send(new PutObjectTaggingCommand({ Bucket: "objects", Key: "target", Tagging: { TagSet } }));
  const tags = await client.send(new GetObjectTaggingCommand({ Bucket: "objects", Key: "target" }));
  assert.deepEqual(tags.TagSet, TagSet);
});

test("a bucket has a location and an encryption", async () => {
  const location = await client.send(new GetBucketLocationCommand({ Bucket: "objects" }));
  assert.equal(location.LocationConstraint ?? "", "");
  const { ServerSideEncryptionConfiguration } = await client.send(
    new GetBucketEncryptionCommand({ Bucket: "objects" }),
  );
  const rule = ServerSideEncryptionConfiguration?.Rules?.[0];
  assert.equal(rule?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm, "AES256");
});

test("objects survive a restart", async () => {
  await client.send(new PutObjectCommand({ Bucket: "objects", Key: "kept", Body: "still here" }));
  await local.restart();
  assert.equal((await read("kept")).toString(), "still here");
});

test("a bucket's policy lets in whom it names, keeps out whom it denies, and is checked when it is put", async () => {
  const Bucket = "guarded";
  await client.send(new CreateBucketCommand({ Bucket }));
  const roleArn = `arn:aws:iam::${local.identities.account}:role/guest`;
  const anyOfAccount = { AWS: local.identities.account };
  local.identities.putRole({
    name: "guest",
    arn: roleArn,
    assumeRolePolicy: {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: anyOfAccount, Action: "sts:AssumeRole" }],
    },
  });
  const { Credentials } = await new STSClient(local.client).send(
    new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: "guest" }),
  );
  const guest = new S3Client(
    local.clientOf({
      accessKeyId: Credentials?.AccessKeyId ?? "",
      secretAccessKey: Credentials?.SecretAccessKey ?? "",
      sessionToken: Credentials?.SessionToken ?? "",
    }),
  );
  await assert.rejects(guest.send(new ListObjectsV2Command({ Bucket })), { name: "AccessDenied" });
  const Resource = [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`];
  const Policy = JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Principal: { AWS: roleArn }, Action: "s3:List*", Resource },
      { Effect: "Deny", Principal: "*", Action: "s3:PutObject", Resource },
    ],
  });
  await client.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  assert.equal((await guest.send(new ListObjectsV2Command({ Bucket }))).KeyCount, 0);
  await assert.rejects(client.send(new PutObjectCommand({ Bucket, Key: "a", Body: "x" })), {
    name: "AccessDenied",
    message: /explicit deny in a resource-based policy/,
  });
  await assert.rejects(client.send(new PutBucketPolicyCommand({ Bucket, Policy: "{}" })), {
    name: "MalformedPolicy",
  });
  guest.destroy();
});

test("tags that come with an object are kept, counted, and go with a copy unless it has its own", async () => {
  const Bucket = "objects";
  const tagsOf = async (Key: string): Promise<string> => {
    const { TagSet = [] } = await client.send(new GetObjectTaggingCommand({ Bucket, Key }));
    return TagSet.map((tag) => `${tag.Key ?? ""}=${tag.Value ?? ""}`).join("&");
  };
  await client.send(new PutObjectCommand({ Bucket, Key: "tagged", Body: "x", Tagging: "a=1&b=2" }));
  assert.equal(await tagsOf("tagged"), "a=1&b=2");
  const { TagCount } = await client.send(new GetObjectCommand({ Bucket, Key: "tagged" }));
  assert.equal(TagCount, 2);
  const copy = { Bucket, CopySource: "objects/tagged" };
  await client.send(new CopyObjectCommand({ ...copy, Key: "with", MetadataDirective: "REPLACE" }));
  assert.equal(await tagsOf("with"), "a=1&b=2");
  await client.send(
    new CopyObjectCommand({ ...copy, Key: "own", TaggingDirective: "REPLACE", Tagging: "c=3" }),
  );
  assert.equal(await tagsOf("own"), "c=3");
});

test("a part of a multipart upload is copied from an object, whole or in part", async () => {
  const Bucket = "objects";
  const data = randomBytes(6 * 1024 * 1024);
  await client.send(new PutObjectCommand({ Bucket, Key: "long", Body: data }));
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: "joined" }));
  const part = { Bucket, Key: "joined", UploadId, CopySource: "objects/long" };
  const first = await client.send(new UploadPartCopyCommand({ ...part, PartNumber: 1 }));
  const second = await client.send(
    new UploadPartCopyCommand({ ...part, PartNumber: 2, CopySourceRange: "bytes=10-19" }),
  );
  const Parts = [first, second].map(({ CopyPartResult }, at) => ({
    PartNumber: at + 1,
    ETag: CopyPartResult?.ETag,
  }));
  await client.send(
    new CompleteMultipartUploadCommand({ Bucket, Key: "joined", UploadId, MultipartUpload: { Parts } }),
  );
  assert.ok((await read("joined")).equals(Buffer.concat([data, data.subarray(10, 20)])));
});

test("a bucket's tags come back as they were put, and are none before", async () => {
  const Bucket = "objects";
  await assert.rejects(client.send(new GetBucketTaggingCommand({ Bucket })), { name: "NoSuchTagSet" });
  const TagSet = [{ Key: "team", Value: "talk" }];
  await client.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }));
  assert.deepEqual((await client.send(new GetBucketTaggingCommand({ Bucket }))).TagSet, TagSet);
});
