/** The CloudFormation API that changes stacks. */

import { type QueryOperation, validationError } from "../../protocol/index.ts";
import { ServiceError } from "../../service.ts";
import { drawChanges } from "../change-set.ts";
import type { CloudFormationParts } from "./parts.ts";
import {
  actorOf,
  readDefinition,
  readFailureAction,
  readStackName,
  type RequestedDefinition,
} from "./requests.ts";
import { isInProgress, type Stack } from "../stack.ts";

export function stackOperations(parts: CloudFormationParts): Record<string, QueryOperation> {
  const { store, deployments } = parts;
  return {
    async CreateStack(input, { caller }) {
      const name = readStackName(input);
      const requested = await readDefinition(parts, { input, caller }, undefined);
      if (store.find(name) !== undefined) {
        throw new ServiceError({ code: "AlreadyExistsException", message: `Stack [${name}] already exists` });
      }
      const stack = store.create(name, requested.definition, "REVIEW_IN_PROGRESS");
      try {
        isWithoutChange(parts, stack, requested);
        stack.terminationProtection = input.flag("EnableTerminationProtection") ?? false;
        stack.disableRollback = input.flag("DisableRollback") ?? false;
        deployments.beginCreate(stack, {
          definition: requested.definition,
          onFailure: readFailureAction(input),
          clientRequestToken: input.text("ClientRequestToken"),
          actor: requested.actor,
        });
      } catch (error) {
        store.remove(stack);
        throw error;
      }
      await deployments.headStart(stack);
      return { StackId: stack.id };
    },

    async UpdateStack(input, { caller }) {
      const stack = store.get(readStackName(input));
      const requested = await readDefinition(parts, { input, caller }, stack);
      refuseUnlessUpdatable(stack);
      if (isWithoutChange(parts, stack, requested)) throw validationError("No updates are to be performed.");
      deployments.beginUpdate(stack, {
        definition: requested.definition,
        onFailure: readFailureAction(input),
        clientRequestToken: input.text("ClientRequestToken"),
        actor: requested.actor,
      });
      await deployments.headStart(stack);
      return { StackId: stack.id };
    },
    ...endOperations(parts),
  };
}

/** How a stack ends, and what keeps it from ending. */
function endOperations({ store, deployments, readers }: CloudFormationParts): Record<string, QueryOperation> {
  return {
    async DeleteStack(input, { caller }) {
      const stack = store.find(readStackName(input));
      if (stack === undefined || stack.status === "DELETE_COMPLETE") return undefined;
      if (stack.terminationProtection) {
        throw validationError(
          `Stack [${stack.name}] cannot be deleted while TerminationProtection is enabled`,
        );
      }
      deployments.beginDelete(stack, {
        retainResources: input.texts("RetainResources"),
        clientRequestToken: input.text("ClientRequestToken"),
        actor: actorOf(input.text("RoleARN") ?? stack.definition.roleArn, caller, readers),
      });
      await deployments.headStart(stack);
      return undefined;
    },

    UpdateTerminationProtection(input) {
      const stack = store.get(readStackName(input));
      store.change(stack, () => {
        stack.terminationProtection = input.flag("EnableTerminationProtection") ?? false;
      });
      return { StackId: stack.id };
    },

    async RollbackStack(input, { caller }) {
      const stack = store.get(readStackName(input));
      deployments.beginRollback(stack, {
        clientRequestToken: input.text("ClientRequestToken"),
        actor: actorOf(input.text("RoleARN") ?? stack.definition.roleArn, caller, readers),
      });
      await deployments.headStart(stack);
      return { StackId: stack.id };
    },
  };
}

/** Draws the changes without making them, which refuses what cannot be deployed before anything is made. */
function isWithoutChange(parts: CloudFormationParts, stack: Stack, requested: RequestedDefinition): boolean {
  const { definition, template, actor } = requested;
  return drawChanges(stack, parts.evaluationOptions(template, definition, actor), parts).isEmpty;
}

export function refuseUnlessUpdatable(stack: Stack): void {
  const refused = ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED", "REVIEW_IN_PROGRESS"];
  if (isInProgress(stack) || refused.includes(stack.status)) {
    throw validationError(`Stack:${stack.id} is in ${stack.status} state and can not be updated.`);
  }
}
