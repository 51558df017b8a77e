/** Source: Service Authorization Reference, "Actions … for Amazon CloudWatch Logs". */

import type { Needs, Permission, PermissionTable } from "../authorization.ts";
import { type JsonObject, optionalText } from "../protocol/index.ts";
import { tagContext, textsIn } from "./requested-tags.ts";

export interface LogsFacts {
  /** A group by its name or its ARN. */
  readonly groupName: (input: JsonObject) => string | undefined;
}

/**
 * What concerns a group is asked about as its streams without a name, as the service does: `log-group:<group>:*` covers
 * it. A stream is asked about by its name.
 */
const onGroup =
  (operation: string, streamMember?: string): Needs<JsonObject, LogsFacts> =>
  (input, { account, region, groupName }) => {
    const group = groupName(input) ?? "";
    const stream = streamMember === undefined ? "" : (optionalText(input, streamMember) ?? "");
    const resource = `arn:aws:logs:${region}:${account}:log-group:${group}:log-stream:${stream}`;
    return [{ action: `logs:${operation}`, resource }];
  };

export const logsPermissions: PermissionTable<JsonObject, LogsFacts> = {
  CreateLogGroup: (input, about) => {
    const context = tagContext(textsIn(input["tags"]));
    const created = onGroup("CreateLogGroup")(input, about).map((needed) => ({ ...needed, context }));
    if (Object.keys(context).length === 0) return created;
    const tagged: Permission[] = created.map((needed) => ({ ...needed, action: "logs:TagResource" }));
    return [...created, ...tagged];
  },
  DeleteLogGroup: onGroup("DeleteLogGroup"),
  PutRetentionPolicy: onGroup("PutRetentionPolicy"),
  DeleteRetentionPolicy: onGroup("DeleteRetentionPolicy"),
  DescribeLogGroups: onGroup("DescribeLogGroups"),
  DescribeLogStreams: onGroup("DescribeLogStreams"),
  GetLogEvents: onGroup("GetLogEvents", "logStreamName"),
  FilterLogEvents: onGroup("FilterLogEvents"),
};
