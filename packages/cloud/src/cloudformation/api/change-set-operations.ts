/** The CloudFormation API about change sets: what `cdk deploy` and `cdk diff` go through. */

import {
  members,
  paginate,
  type QueryInput,
  type QueryOperation,
  validationError,
  type XmlValue,
} from "../../protocol/index.ts";
import { type Caller, ServiceError } from "../../service.ts";
import { drawChanges } from "../change-set.ts";
import type { CloudFormationParts } from "./parts.ts";
import { describeChangeSet, summarizeChangeSet } from "./describe.ts";
import {
  actorOf,
  readDefinition,
  readFailureAction,
  readStackName,
  type RequestedDefinition,
} from "./requests.ts";
import type { ChangeSet, Stack } from "../stack.ts";
import type { StackStore } from "../stack-store.ts";
import { refuseUnlessUpdatable } from "./stack-operations.ts";
import { parseTemplate } from "../template.ts";

const noChanges =
  "The submitted information didn't contain changes. Submit different information to create a change set.";

const itemsPerPage = 100;

export function changeSetOperations(parts: CloudFormationParts): Record<string, QueryOperation> {
  const { store } = parts;
  return {
    CreateChangeSet: (input, { caller }) => createChangeSet(parts, input, caller),

    ExecuteChangeSet: (input, { caller }) => executeChangeSet(parts, input, caller),

    DescribeChangeSet(input) {
      const { stack, changeSet } = store.changeSet(input.required("ChangeSetName"), input.text("StackName"));
      return describeChangeSet(stack, changeSet, parseTemplate(changeSet.definition.templateBody));
    },

    DeleteChangeSet(input) {
      const found = store.findChangeSet(input.required("ChangeSetName"), input.text("StackName"));
      if (found === undefined) return {};
      const { stack, changeSet } = found;
      store.change(stack, () => {
        const { [changeSet.name]: _deleted, ...others } = stack.changeSets;
        stack.changeSets = others;
      });
      return {};
    },

    ListChangeSets(input) {
      const stack = store.get(readStackName(input));
      const page = paginate(Object.values(stack.changeSets), input.text("NextToken"), itemsPerPage);
      return {
        Summaries: members(page.items.map((changeSet) => summarizeChangeSet(stack, changeSet))),
        NextToken: page.nextToken,
      };
    },
  };
}

async function createChangeSet(
  parts: CloudFormationParts,
  input: QueryInput,
  caller: Caller,
): Promise<XmlValue> {
  const { store } = parts;
  const stackName = readStackName(input);
  const name = input.required("ChangeSetName");
  const type = readType(input.text("ChangeSetType"));
  const requested = await readDefinition(parts, { input, caller }, store.find(stackName));
  const { stack, isNew } = stackFor(store, stackName, type, requested);
  try {
    if (Object.hasOwn(stack.changeSets, name)) {
      throw new ServiceError({ code: "AlreadyExistsException", message: `ChangeSet ${name} already exists` });
    }
    const changeSet = drawChangeSet(parts, stack, { name, type, requested, input });
    if (isNew) {
      store.addEvent(stack, {
        logicalId: stack.name,
        physicalId: stack.id,
        type: "AWS::CloudFormation::Stack",
        status: "REVIEW_IN_PROGRESS",
        reason: "User Initiated",
      });
    }
    store.addChangeSet(stack, changeSet);
    return { Id: changeSet.id, StackId: stack.id };
  } catch (error) {
    if (isNew) store.remove(stack);
    throw error;
  }
}

/** The stack a change set is for; one of type CREATE makes an empty stack to be reviewed. */
function stackFor(
  store: StackStore,
  name: string,
  type: "CREATE" | "UPDATE",
  requested: RequestedDefinition,
): { stack: Stack; isNew: boolean } {
  if (type === "UPDATE") {
    const stack = store.get(name);
    refuseUnlessUpdatable(stack);
    return { stack, isNew: false };
  }
  const existing = store.find(name);
  if (existing === undefined) {
    return { stack: store.create(name, requested.definition, "REVIEW_IN_PROGRESS"), isNew: true };
  }
  if (existing.status === "REVIEW_IN_PROGRESS") return { stack: existing, isNew: false };
  throw validationError(
    `Stack [${existing.name}] already exists and cannot be created again with the changeSet [${name}].`,
  );
}

function drawChangeSet(
  parts: CloudFormationParts,
  stack: Stack,
  asked: { name: string; type: "CREATE" | "UPDATE"; requested: RequestedDefinition; input: QueryInput },
): ChangeSet {
  const { name, type, input } = asked;
  const { definition, template, actor } = asked.requested;
  const drawn = drawChanges(stack, parts.evaluationOptions(template, definition, actor), parts);
  const isEmpty = drawn.isEmpty && type === "UPDATE";
  const description = input.text("Description");
  return {
    name,
    id: parts.store.changeSetArn(name),
    type,
    createdAtMs: Date.now(),
    status: isEmpty ? "FAILED" : "CREATE_COMPLETE",
    executionStatus: isEmpty ? "UNAVAILABLE" : "AVAILABLE",
    definition,
    changes: drawn.changes,
    onStackFailure: readFailureAction(input),
    ...(isEmpty ? { statusReason: noChanges } : {}),
    ...(description === undefined ? {} : { description }),
  };
}

async function executeChangeSet(
  { store, deployments, readers }: CloudFormationParts,
  input: QueryInput,
  caller: Caller,
): Promise<XmlValue> {
  const { stack, changeSet } = store.changeSet(input.required("ChangeSetName"), input.text("StackName"));
  if (changeSet.executionStatus !== "AVAILABLE") {
    throw new ServiceError({
      code: "InvalidChangeSetStatus",
      message: `ChangeSet [${changeSet.id}] cannot be executed in its current status of [${changeSet.status}]`,
    });
  }
  const options = {
    definition: changeSet.definition,
    onFailure: input.flag("DisableRollback") === true ? ("DO_NOTHING" as const) : changeSet.onStackFailure,
    clientRequestToken: input.text("ClientRequestToken"),
    actor: actorOf(changeSet.definition.roleArn, caller, readers),
  };
  stack.disableRollback = input.flag("DisableRollback") ?? false;
  if (stack.status === "REVIEW_IN_PROGRESS") deployments.beginCreate(stack, options);
  else deployments.beginUpdate(stack, options);
  // The other change sets were drawn against a stack that is no more.
  stack.changeSets = { [changeSet.name]: { ...changeSet, executionStatus: "EXECUTE_COMPLETE" } };
  store.save(stack);
  await deployments.headStart(stack);
  return {};
}

function readType(text: string | undefined): "CREATE" | "UPDATE" {
  if (text === undefined || text === "UPDATE") return "UPDATE";
  if (text === "CREATE") return "CREATE";
  throw validationError(
    `dsql-local does not offer change sets of type ${text}; it offers CREATE and UPDATE.`,
  );
}
