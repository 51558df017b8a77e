/** AWS Systems Manager's Parameter Store: names and values, which the CDK's bootstrap version is one of. */

import { join } from "node:path";

import type { Authorizer } from "./authorization.ts";
import {
  type JsonObject,
  type JsonOperation,
  jsonService,
  optionalText,
  paginate,
  requiredText,
  textList,
} from "./protocol/index.ts";
import { ServiceError, type Service } from "./service.ts";
import { readStateFile, writeStateFile } from "./state-file.ts";

export interface StoredParameter {
  readonly name: string;
  readonly type: string;
  readonly value: string;
  readonly description: string;
  readonly version: number;
  readonly modifiedAtMs: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** AWS's quota of standard parameters. */
const parametersMax = 10_000;

/** The largest value, that of an advanced parameter. */
const valueBytesMax = 8 * 1024;

const parametersPerPage = 50;

export class ParameterStore {
  readonly #file: string;
  readonly #parameters = new Map<string, StoredParameter>();

  constructor(dataDir: string) {
    this.#file = join(dataDir, "ssm.json");
    for (const parameter of (readStateFile(this.#file) ?? []) as StoredParameter[]) {
      this.#parameters.set(parameter.name, parameter);
    }
  }

  find(name: string): StoredParameter | undefined {
    return this.#parameters.get(name);
  }

  all(): readonly StoredParameter[] {
    return [...this.#parameters.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  /** @throws {ServiceError} ParameterAlreadyExists unless `overwrite`, ParameterLimitExceeded, ValidationException */
  put(
    parameter: Pick<StoredParameter, "name" | "type" | "value" | "description" | "tags">,
    options: { overwrite: boolean },
  ): StoredParameter {
    const existing = this.#parameters.get(parameter.name);
    if (existing !== undefined && !options.overwrite) {
      throw new ServiceError({
        code: "ParameterAlreadyExists",
        message:
          "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
      });
    }
    if (existing === undefined && this.#parameters.size >= parametersMax) {
      throw new ServiceError({
        code: "ParameterLimitExceeded",
        message: `An account can have ${parametersMax} parameters.`,
      });
    }
    if (!/^[a-zA-Z0-9_.\-/]{1,1011}$/.test(parameter.name)) {
      throw new ServiceError({
        code: "ValidationException",
        message: `Parameter name ${parameter.name} is not valid.`,
      });
    }
    if (parameter.value === "" || Buffer.byteLength(parameter.value) > valueBytesMax) {
      throw new ServiceError({
        code: "ValidationException",
        message: `A parameter's value has 1 to ${valueBytesMax} bytes.`,
      });
    }
    const stored = { ...parameter, version: (existing?.version ?? 0) + 1, modifiedAtMs: Date.now() };
    this.#parameters.set(parameter.name, stored);
    this.#save();
    return stored;
  }

  delete(name: string): boolean {
    const existed = this.#parameters.delete(name);
    if (existed) this.#save();
    return existed;
  }

  #save(): void {
    writeStateFile(this.#file, this.all());
  }
}

interface SsmOptions {
  readonly store: ParameterStore;
  readonly account: string;
  readonly region: string;
  readonly authorize: Authorizer;
}

export function createSsm(options: SsmOptions): Service {
  return jsonService({
    name: "SSM",
    access: (operation, input, request) => {
      const names = [optionalText(input, "Name"), optionalText(input, "Path"), ...textList(input, "Names")];
      const given = names.filter((name) => name !== undefined);
      const resources = given.map((name) => (name.startsWith("arn:") ? name : arnOf(options, name)));
      for (const resource of resources.length === 0 ? ["*"] : resources) {
        options.authorize(request.caller, `ssm:${operation}`, resource);
      }
    },
    operations: { ...readOperations(options), ...writeOperations(options.store) },
  });
}

function arnOf({ account, region }: SsmOptions, name: string): string {
  return `arn:aws:ssm:${region}:${account}:parameter/${name.replace(/^\//, "")}`;
}

/** A name may be an ARN, and may carry a version: `/name:3`. */
function findParameter(store: ParameterStore, selector: string): StoredParameter | undefined {
  const isArn = selector.startsWith("arn:");
  const name = isArn ? selector.slice(selector.indexOf(":parameter/") + ":parameter".length) : selector;
  const [plain = "", version] = name.split(":");
  const parameter = store.find(plain) ?? store.find(plain.replace(/^\//, ""));
  return version === undefined || String(parameter?.version) === version ? parameter : undefined;
}

function readOperations(options: SsmOptions): Record<string, JsonOperation> {
  const { store } = options;
  const find = (selector: string): StoredParameter | undefined => findParameter(store, selector);
  const describe = (parameter: StoredParameter): JsonObject => ({
    Name: parameter.name,
    Type: parameter.type,
    Value: parameter.value,
    Version: parameter.version,
    LastModifiedDate: parameter.modifiedAtMs / 1_000,
    ARN: arnOf(options, parameter.name),
    DataType: "text",
  });
  return {
    GetParameter(input) {
      const name = requiredText(input, "Name");
      const parameter = find(name);
      if (parameter === undefined) {
        throw new ServiceError({ code: "ParameterNotFound", message: `Parameter ${name} not found.` });
      }
      return { Parameter: describe(parameter) };
    },

    GetParameters(input) {
      const found = textList(input, "Names").map((name) => ({ name, parameter: find(name) }));
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

function writeOperations(store: ParameterStore): Record<string, JsonOperation> {
  return {
    PutParameter(input) {
      const name = requiredText(input, "Name");
      const existing = store.find(name);
      const stored = store.put(
        {
          name,
          type: optionalText(input, "Type") ?? existing?.type ?? "String",
          value: requiredText(input, "Value"),
          description: optionalText(input, "Description") ?? existing?.description ?? "",
          tags: existing?.tags ?? {},
        },
        { overwrite: input["Overwrite"] === true },
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
