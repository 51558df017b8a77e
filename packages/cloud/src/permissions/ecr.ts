/** Source: Service Authorization Reference, "Actions … for Amazon Elastic Container Registry". */

import type { Needs, Permission, PermissionTable } from "../authorization.ts";
import { type JsonObject, optionalText, textList } from "../protocol/index.ts";
import { pairsIn, tagContext } from "./requested-tags.ts";

const onRepository =
  (operation: string): Needs<JsonObject> =>
  (input, { account, region }) => {
    const name = optionalText(input, "repositoryName") ?? "";
    return [{ action: `ecr:${operation}`, resource: `arn:aws:ecr:${region}:${account}:repository/${name}` }];
  };

export const ecrPermissions: PermissionTable<JsonObject> = {
  /** Each that is named; all of them where none is. */
  DescribeRepositories: (input, { account, region }) => {
    const names = textList(input, "repositoryNames");
    return (names.length === 0 ? ["*"] : names).map((name) => ({
      action: "ecr:DescribeRepositories",
      resource: `arn:aws:ecr:${region}:${account}:repository/${name}`,
    }));
  },
  CreateRepository: (input, about) => {
    const context = tagContext(pairsIn(input["tags"]));
    const created = onRepository("CreateRepository")(input, about).map((needed) => ({ ...needed, context }));
    if (Object.keys(context).length === 0) return created;
    const tagged: Permission[] = created.map((needed) => ({ ...needed, action: "ecr:TagResource" }));
    return [...created, ...tagged];
  },
  DeleteRepository: onRepository("DeleteRepository"),
  DescribeImages: onRepository("DescribeImages"),
  ListImages: onRepository("ListImages"),
};
