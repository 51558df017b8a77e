/**
 * The operations of the CloudFormation API: what a request asks for, in the service's parameters and XML.
 *
 * Promises: a request that cannot be carried out is refused before anything is made, with CloudFormation's code and words.
 */

import type { QueryOperation } from "../../protocol/index.ts";
import { changeSetOperations } from "./change-set-operations.ts";
import { driftOperations } from "./drift-operations.ts";
import type { CloudFormationParts } from "./parts.ts";
import { stackOperations } from "./stack-operations.ts";
import { stackQueries } from "./stack-queries.ts";
import { templateQueries } from "./template-queries.ts";

export type { CloudFormationParts } from "./parts.ts";
export { refuseMissingCapabilities, refuseTransforms, type RequestReaders } from "./requests.ts";

export function cloudFormationOperations(
  parts: CloudFormationParts,
): Readonly<Record<string, QueryOperation>> {
  return {
    ...stackOperations(parts),
    ...stackQueries(parts),
    ...templateQueries(parts),
    ...changeSetOperations(parts),
    ...driftOperations(parts),
  };
}
