/** Source: Service Authorization Reference, "Actions … for AWS Systems Manager". */

import type { About, Needs, Permission, PermissionTable } from "../authorization.ts";
import { type JsonObject, optionalText, textList } from "../protocol/index.ts";
import { pairsIn, tagContext } from "./requested-tags.ts";

/** The ARN of a parameter by its name: without the slash that it begins with, and without a version or label. */
export function parameterArn(name: string, { account, region }: Pick<About, "account" | "region">): string {
  const prefix = `arn:aws:ssm:${region}:${account}:parameter`;
  if (name.startsWith("arn:")) {
    // One of another account or Region is asked about as it is, and found by nobody.
    if (!name.startsWith(`${prefix}/`)) return name;
    return parameterArn(name.slice(prefix.length), { account, region });
  }
  const [plain = ""] = name.split(":");
  return `${prefix}/${plain.replace(/^\//, "")}`;
}

const onName =
  (operation: string, member: string): Needs<JsonObject> =>
  (input, about) => [
    { action: `ssm:${operation}`, resource: parameterArn(optionalText(input, member) ?? "", about) },
  ];

const onEachName =
  (operation: string): Needs<JsonObject> =>
  (input, about) =>
    textList(input, "Names").map((name) => ({
      action: `ssm:${operation}`,
      resource: parameterArn(name, about),
    }));

export const ssmPermissions: PermissionTable<JsonObject> = {
  GetParameter: onName("GetParameter", "Name"),
  GetParameters: onEachName("GetParameters"),
  /** Asks about the path: whoever may read it may read what is below. */
  GetParametersByPath: (input, about) => {
    const path = (optionalText(input, "Path") ?? "").replace(/(?<=.)\/+$/, "");
    const context = { "ssm:Recursive": String(input["Recursive"] === true) };
    return [{ action: "ssm:GetParametersByPath", resource: parameterArn(path, about), context }];
  },
  DescribeParameters: (_input, { account, region }) => [
    { action: "ssm:DescribeParameters", resource: `arn:aws:ssm:${region}:${account}:*` },
  ],
  PutParameter: (input, about) => {
    const resource = parameterArn(optionalText(input, "Name") ?? "", about);
    const tags = pairsIn(input["Tags"]);
    const context = { ...tagContext(tags), "ssm:Overwrite": String(input["Overwrite"] === true) };
    const put: Permission = { action: "ssm:PutParameter", resource, context };
    if (Object.keys(tags).length === 0) return [put];
    return [put, { action: "ssm:AddTagsToResource", resource, context: tagContext(tags) }];
  },
  DeleteParameter: onName("DeleteParameter", "Name"),
  DeleteParameters: onEachName("DeleteParameters"),
  AddTagsToResource: (input, about) => {
    const context = tagContext(pairsIn(input["Tags"]));
    return onName("AddTagsToResource", "ResourceId")(input, about).map((needed) => ({ ...needed, context }));
  },
  RemoveTagsFromResource: (input, about) => {
    const context = { "aws:TagKeys": textList(input, "TagKeys") };
    return onName("RemoveTagsFromResource", "ResourceId")(input, about).map((needed) => ({
      ...needed,
      context,
    }));
  },
  ListTagsForResource: onName("ListTagsForResource", "ResourceId"),
};
