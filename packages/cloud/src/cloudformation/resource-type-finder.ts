/** Resource types by the names that templates have for them; one that is not offered is refused with those that are. */

import { validationError } from "../protocol/index.ts";
import type { ServiceError } from "../service.ts";
import type { ResourceType } from "./resource-type.ts";

export interface ResourceTypeFinder {
  /** @throws {ServiceError} ValidationError: it is not offered */
  readonly typeOf: (type: string) => ResourceType;
  /** @throws {ServiceError} ValidationError: names each that is not offered, and those that are */
  readonly refuseUnknownTypes: (types: readonly string[]) => void;
}

/** @param types - looked at when it is asked: some are added later */
export function resourceTypeFinder(types: Readonly<Record<string, ResourceType>>): ResourceTypeFinder {
  const find = (type: string): ResourceType | undefined => {
    const name = type.startsWith("Custom::") ? "AWS::CloudFormation::CustomResource" : type;
    return Object.hasOwn(types, name) ? types[name] : undefined;
  };
  const refusal = (unknown: readonly string[]): ServiceError =>
    validationError(
      `Template format error: Unrecognized resource types: [${unknown.join(", ")}]. dsql-local offers: ${Object.keys(types).sort().join(", ")}, Custom::*.`,
    );
  return {
    typeOf(type) {
      const found = find(type);
      if (found === undefined) throw refusal([type]);
      return found;
    },
    refuseUnknownTypes(wanted) {
      const unknown = wanted.filter((type) => find(type) === undefined);
      if (unknown.length > 0) throw refusal([...new Set(unknown)].sort());
    },
  };
}
