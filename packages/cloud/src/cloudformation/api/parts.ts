/** What the operations of the CloudFormation API share. */

import type { Deployments } from "../deployment.ts";
import type { EvaluationOptions } from "../evaluation.ts";
import type { RequestReaders } from "./requests.ts";
import type { ResourceTypeFinder } from "../resource-type-finder.ts";
import type { SsmReader, StackActor, StackDefinition } from "../stack.ts";
import type { StackStore } from "../stack-store.ts";
import type { Template } from "../template.ts";

export interface CloudFormationParts extends ResourceTypeFinder {
  readonly store: StackStore;
  readonly deployments: Deployments;
  readonly readers: RequestReaders;
  readonly ssmValueFor: SsmReader;
  readonly evaluationOptions: (
    template: Template,
    definition: StackDefinition,
    actor: StackActor | undefined,
  ) => Omit<EvaluationOptions, "resource" | "stackName" | "stackId">;
}
