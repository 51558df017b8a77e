/** The parameters of one Region, kept in one file. */

import { join } from "node:path";

import { ServiceError } from "../service.ts";
import { StateList } from "../state-file.ts";
import { number, object, text, textByName } from "../state-shape.ts";

export interface StoredParameter {
  readonly name: string;
  readonly type: string;
  readonly value: string;
  readonly description: string;
  readonly version: number;
  readonly modifiedAtMs: number;
  readonly tags: Readonly<Record<string, string>>;
}

const parameterShape = object({
  name: text,
  type: text,
  value: text,
  description: text,
  version: number,
  modifiedAtMs: number,
  tags: textByName,
});

/** AWS's quota of standard parameters. */
const parametersMax = 10_000;

/** The largest value, that of an advanced parameter. */
const valueBytesMax = 8 * 1024;

/** Tags of one parameter; AWS's quota. */
const tagsMax = 50;

export class ParameterStore {
  readonly #parameters: StateList<StoredParameter>;

  /** @throws {Error} the file is damaged */
  constructor(dataDir: string) {
    this.#parameters = new StateList({
      file: join(dataDir, "ssm.json"),
      item: parameterShape,
      nameOf: ({ name }) => name,
    });
  }

  find(name: string): StoredParameter | undefined {
    return this.#parameters.find(name);
  }

  /** A name may be an ARN, and may carry a version: `/name:3`. */
  select(selector: string): StoredParameter | undefined {
    const isArn = selector.startsWith("arn:");
    const name = isArn ? selector.slice(selector.indexOf(":parameter/") + ":parameter".length) : selector;
    const [plain = "", version] = name.split(":");
    const parameter = this.find(plain) ?? this.find(plain.replace(/^\//, ""));
    return version === undefined || String(parameter?.version) === version ? parameter : undefined;
  }

  all(): readonly StoredParameter[] {
    return [...this.#parameters.all()].sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  /** @throws {ServiceError} ParameterAlreadyExists unless `overwrite`, ParameterLimitExceeded, TooManyTagsError, ValidationException */
  put(
    parameter: Pick<StoredParameter, "name" | "type" | "value" | "description" | "tags">,
    options: { overwrite: boolean },
  ): StoredParameter {
    const existing = this.#parameters.find(parameter.name);
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
    checkTags(parameter.tags);
    const stored = { ...parameter, version: (existing?.version ?? 0) + 1, modifiedAtMs: Date.now() };
    this.#parameters.set(stored);
    return stored;
  }

  /** @throws {ServiceError} TooManyTagsError */
  setTags(parameter: StoredParameter, tags: StoredParameter["tags"]): void {
    checkTags(tags);
    this.#parameters.set({ ...parameter, tags });
  }

  delete(name: string): boolean {
    return this.#parameters.delete(name);
  }
}

function checkTags(tags: StoredParameter["tags"]): void {
  if (Object.keys(tags).length <= tagsMax) return;
  throw new ServiceError({ code: "TooManyTagsError", message: `A parameter can have ${tagsMax} tags.` });
}
