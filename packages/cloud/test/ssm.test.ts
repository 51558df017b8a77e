/** Parameter Store through the SDK. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  AddTagsToResourceCommand,
  GetParameterCommand,
  ListTagsForResourceCommand,
  PutParameterCommand,
  RemoveTagsFromResourceCommand,
  SSMClient,
} from "@aws-sdk/client-ssm";

import { startCloud, type StartedCloud } from "./cloud-support.ts";

let local: StartedCloud;
let ssm: SSMClient;
before(async () => {
  local = await startCloud();
  ssm = new SSMClient(local.client);
});
after(async () => {
  ssm.destroy();
  await local.close();
});

const tagsOf = async (ResourceId: string) => {
  const { TagList = [] } = await ssm.send(
    new ListTagsForResourceCommand({ ResourceType: "Parameter", ResourceId }),
  );
  return Object.fromEntries(TagList.map(({ Key = "", Value }) => [Key, Value]));
};

test("a parameter's tags are given with it, added, replaced, removed, and outlive its value", async () => {
  const Name = "/tagged";
  const parameter = { Name, Type: "String", Value: "1" } as const;
  await ssm.send(new PutParameterCommand({ ...parameter, Tags: [{ Key: "team", Value: "one" }] }));
  const target = { ResourceType: "Parameter", ResourceId: Name } as const;
  const Tags = [
    { Key: "team", Value: "two" },
    { Key: "empty", Value: "" },
  ];
  await ssm.send(new AddTagsToResourceCommand({ ...target, Tags }));
  await ssm.send(new PutParameterCommand({ ...parameter, Value: "2", Overwrite: true }));
  assert.deepEqual(await tagsOf(Name), { team: "two", empty: "" });
  await ssm.send(new RemoveTagsFromResourceCommand({ ...target, TagKeys: ["empty", "nobody"] }));
  assert.deepEqual(await tagsOf(Name), { team: "two" });
});

test("tags of what is no parameter, and tags beyond fifty, are refused", async () => {
  await ssm.send(new PutParameterCommand({ Name: "/full", Type: "String", Value: "1" }));
  const target = { ResourceType: "Parameter", ResourceId: "/full" } as const;
  const Tags = Array.from({ length: 51 }, (_, index) => ({ Key: `key-${index}`, Value: "" }));
  const tooMany = { name: "TooManyTagsError" };
  await assert.rejects(ssm.send(new AddTagsToResourceCommand({ ...target, Tags })), tooMany);
  const another = { Name: "/fuller", Type: "String", Value: "1", Tags } as const;
  await assert.rejects(ssm.send(new PutParameterCommand(another)), tooMany);
  await assert.rejects(tagsOf("/nobody"), { name: "InvalidResourceId" });
  const document = { ResourceType: "Document", ResourceId: "/full" } as const;
  await assert.rejects(ssm.send(new ListTagsForResourceCommand(document)), { name: "InvalidResourceType" });
});

test("tags come with a new parameter only, and who forgot to overwrite hears of that", async () => {
  const Tags = [{ Key: "team", Value: "" }];
  const parameter = { Name: "/there", Type: "String" as const, Value: "1", Tags };
  await ssm.send(new PutParameterCommand(parameter));
  await assert.rejects(ssm.send(new PutParameterCommand(parameter)), { name: "ParameterAlreadyExists" });
  await assert.rejects(ssm.send(new PutParameterCommand({ ...parameter, Overwrite: true })), {
    name: "ValidationException",
  });
});

test("a value is found by its version, and by no other", async () => {
  const Name = "/versioned";
  for (const Value of ["1", "2"]) {
    await ssm.send(new PutParameterCommand({ Name, Type: "String", Value, Overwrite: true }));
  }
  const { Parameter } = await ssm.send(new GetParameterCommand({ Name: `${Name}:2` }));
  assert.deepEqual([Parameter?.Value, Parameter?.Version], ["2", 2]);
  await assert.rejects(ssm.send(new GetParameterCommand({ Name: `${Name}:7` })), {
    name: "ParameterNotFound",
  });
});
