/** What the operations of the CloudFormation API share. */

import type { Deployments } from "../deployment.ts";
import type { EvaluationOptions } from "../evaluation.ts";
import type { RequestReaders } from "./requests.ts";
import type { ResourceType } from "../resource-type.ts";
import type { StackDefinition } from "../stack.ts";
import type { StackStore } from "../stack-store.ts";
import type { Template } from "../template.ts";

export interface CloudFormationParts {
  readonly store: StackStore;
  readonly deployments: Deployments;
  readonly readers: RequestReaders;
  /** @throws {ServiceError} ValidationError: it is not offered */
  readonly typeOf: (type: string) => ResourceType;
  /** @throws {ServiceError} ValidationError: names each that is not offered, and those that are */
  readonly refuseUnknownTypes: (types: readonly string[]) => void;
  readonly evaluationOptions: (
    template: Template,
    definition: StackDefinition,
  ) => Omit<EvaluationOptions, "resource" | "stackName" | "stackId">;
}
