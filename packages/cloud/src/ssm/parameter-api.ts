/**
 * The API of AWS Systems Manager's Parameter Store.
 *
 * Source: AWS Systems Manager API Reference.
 */

import type { Authorizer } from "../authorization.ts";
import { parameterArn, permissionTable } from "../permissions/index.ts";
import {
  type JsonObject,
  type JsonOperation,
  jsonService,
  optionalText,
  paginate,
  requiredText,
  textList,
} from "../protocol/index.ts";
import { ServiceError, type Service } from "../service.ts";
import type { ParameterStore, StoredParameter } from "./parameter-store.ts";

const parametersPerPage = 50;

interface SsmOptions {
  readonly store: ParameterStore;
  readonly account: string;
  readonly region: string;
  readonly authorize: Authorizer;
}

export function createSsm(options: SsmOptions): Service {
  return jsonService({
    name: "SSM",
    access: {
      table: permissionTable.ssm,
      account: options.account,
      authorize: options.authorize,
      facts: {},
    },
    operations: {
      ...readOperations(options),
      ...writeOperations(options.store),
      ...tagOperations(options.store),
    },
  });
}

function readOperations(options: SsmOptions): Record<string, JsonOperation> {
  const { store } = options;
  const describe = (parameter: StoredParameter): JsonObject => ({
    Name: parameter.name,
    Type: parameter.type,
    Value: parameter.value,
    Version: parameter.version,
    LastModifiedDate: parameter.modifiedAtMs / 1_000,
    ARN: parameterArn(parameter.name, options),
    DataType: "text",
  });
  return {
    GetParameter(input) {
      const name = requiredText(input, "Name");
      const parameter = store.select(localName(name, options));
      if (parameter === undefined) {
        throw new ServiceError({ code: "ParameterNotFound", message: `Parameter ${name} not found.` });
      }
      return { Parameter: describe(parameter) };
    },

    GetParameters(input) {
      const found = textList(input, "Names").map((name) => ({
        name,
        parameter: store.select(localName(name, options)),
      }));
      return {
        Parameters: found.flatMap(({ parameter }) => (parameter === undefined ? [] : [describe(parameter)])),
        InvalidParameters: found.filter(({ parameter }) => parameter === undefined).map(({ name }) => name),
      };
    },

    GetParametersByPath(input) {
      const path = requiredText(input, "Path").replace(/\/?$/, "/");
      const isRecursive = input["Recursive"] === true;
      const matching = store
        .all()
        .filter(
          ({ name }) => name.startsWith(path) && (isRecursive || !name.slice(path.length).includes("/")),
        );
      const page = paginate(matching, optionalText(input, "NextToken"), parametersPerPage);
      return { Parameters: page.items.map(describe), NextToken: page.nextToken };
    },

    DescribeParameters(input) {
      const page = paginate(store.all(), optionalText(input, "NextToken"), parametersPerPage);
      return {
        Parameters: page.items.map((parameter) => {
          const { Value: _value, ...description } = describe(parameter);
          return { ...description, Description: parameter.description };
        }),
        NextToken: page.nextToken,
      };
    },
  };
}

/** A parameter's name, where it is named by its ARN; that of another account or Region is nobody's here. */
function localName(selector: string, options: SsmOptions): string {
  const prefix = parameterArn("", options);
  if (!selector.startsWith(prefix)) return selector.startsWith("arn:") ? "" : selector;
  return `/${selector.slice(prefix.length)}`;
}

function writeOperations(store: ParameterStore): Record<string, JsonOperation> {
  return {
    PutParameter(input) {
      const name = requiredText(input, "Name");
      const existing = store.find(name);
      const tags = tagsIn(input);
      const overwrite = input["Overwrite"] === true;
      if (overwrite && existing !== undefined && Object.keys(tags).length > 0) {
        throw new ServiceError({
          code: "ValidationException",
          message:
            "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.",
        });
      }
      const stored = store.put(
        {
          name,
          type: optionalText(input, "Type") ?? existing?.type ?? "String",
          value: requiredText(input, "Value"),
          description: optionalText(input, "Description") ?? existing?.description ?? "",
          tags: existing?.tags ?? tags,
        },
        { overwrite },
      );
      return { Version: stored.version, Tier: "Standard" };
    },

    DeleteParameter(input) {
      const name = requiredText(input, "Name");
      if (!store.delete(name)) {
        throw new ServiceError({ code: "ParameterNotFound", message: `Parameter ${name} not found.` });
      }
      return {};
    },

    DeleteParameters(input) {
      const names = textList(input, "Names");
      const deleted = names.filter((name) => store.delete(name));
      return {
        DeletedParameters: deleted,
        InvalidParameters: names.filter((name) => !deleted.includes(name)),
      };
    },
  };
}

function tagOperations(store: ParameterStore): Record<string, JsonOperation> {
  const target = (input: JsonObject): StoredParameter => {
    const type = requiredText(input, "ResourceType");
    if (type !== "Parameter") {
      throw new ServiceError({
        code: "InvalidResourceType",
        message: `dsql-local has no ${type}; it offers the resource type Parameter.`,
      });
    }
    const id = requiredText(input, "ResourceId");
    const parameter = store.find(id);
    if (parameter !== undefined) return parameter;
    throw new ServiceError({ code: "InvalidResourceId", message: `The parameter ${id} does not exist.` });
  };
  return {
    AddTagsToResource(input) {
      const parameter = target(input);
      store.setTags(parameter, { ...parameter.tags, ...tagsIn(input) });
      return {};
    },

    RemoveTagsFromResource(input) {
      const parameter = target(input);
      const removed = textList(input, "TagKeys");
      const kept = Object.entries(parameter.tags).filter(([key]) => !removed.includes(key));
      store.setTags(parameter, Object.fromEntries(kept));
      return {};
    },

    ListTagsForResource: (input) => ({
      TagList: Object.entries(target(input).tags).map(([Key, Value]) => ({ Key, Value })),
    }),
  };
}

/** `Tags: [{ Key, Value }]` as names and values. */
function tagsIn(input: JsonObject): Record<string, string> {
  const tags: unknown[] = Array.isArray(input["Tags"]) ? input["Tags"] : [];
  const given = tags.filter((tag): tag is JsonObject => typeof tag === "object" && tag !== null);
  return Object.fromEntries(given.map((tag) => [requiredText(tag, "Key"), optionalText(tag, "Value") ?? ""]));
}
