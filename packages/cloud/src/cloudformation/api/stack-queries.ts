/** The CloudFormation API that reads stacks, their events and their resources. */

import { members, paginate, type QueryOperation, validationError } from "../../protocol/index.ts";
import { describeEvent, describeResource, describeStack, summarizeStack } from "./describe.ts";
import type { CloudFormationParts } from "./parts.ts";
import { readStackName } from "./requests.ts";
import type { Stack, StackResource } from "../stack.ts";
import { parseTemplate } from "../template.ts";

const eventsPerPage = 100;
const itemsPerPage = 100;

export function stackQueries(parts: CloudFormationParts): Record<string, QueryOperation> {
  return {
    ...aboutStacks(parts),
    ...aboutResources(parts),
    ...aboutExports(parts),
    ...aboutWhatIsNotKept(parts),
  };
}

function aboutStacks({ store }: CloudFormationParts): Record<string, QueryOperation> {
  return {
    DescribeStacks(input) {
      const name = input.text("StackName");
      const stacks =
        name === undefined
          ? store.all().filter((stack) => stack.status !== "DELETE_COMPLETE")
          : [store.get(name)];
      const page = paginate(stacks, input.text("NextToken"), itemsPerPage);
      return {
        Stacks: members(
          page.items.map((stack) => describeStack(stack, parseTemplate(stack.definition.templateBody))),
        ),
        NextToken: page.nextToken,
      };
    },

    ListStacks(input) {
      const wanted = input.texts("StackStatusFilter");
      const stacks = store.all().filter((stack) => wanted.length === 0 || wanted.includes(stack.status));
      const page = paginate(stacks, input.text("NextToken"), itemsPerPage);
      return { StackSummaries: members(page.items.map(summarizeStack)), NextToken: page.nextToken };
    },

    DescribeStackEvents(input) {
      const stack = store.get(readStackName(input));
      const page = paginate([...stack.events].reverse(), input.text("NextToken"), eventsPerPage);
      return {
        StackEvents: members(page.items.map((event) => describeEvent(stack, event))),
        NextToken: page.nextToken,
      };
    },
  };
}

function aboutResources({ store }: CloudFormationParts): Record<string, QueryOperation> {
  return {
    DescribeStackResources(input) {
      const stack = store.get(readStackName(input));
      const logicalId = input.text("LogicalResourceId");
      const resources = Object.values(stack.resources).filter(
        (resource) => logicalId === undefined || resource.logicalId === logicalId,
      );
      return { StackResources: members(resources.map((resource) => describeResource(stack, resource))) };
    },

    DescribeStackResource(input) {
      const stack = store.get(readStackName(input));
      const detail = describeResource(stack, resourceOf(stack, input.required("LogicalResourceId")));
      return { StackResourceDetail: detail };
    },

    ListStackResources(input) {
      const stack = store.get(readStackName(input));
      const page = paginate(Object.values(stack.resources), input.text("NextToken"), itemsPerPage);
      return {
        StackResourceSummaries: members(page.items.map((resource) => describeResource(stack, resource))),
        NextToken: page.nextToken,
      };
    },
  };
}

function aboutExports({ store }: CloudFormationParts): Record<string, QueryOperation> {
  return {
    ListExports(input) {
      const page = paginate(store.exports(), input.text("NextToken"), itemsPerPage);
      return {
        Exports: members(
          page.items.map((item) => ({ ExportingStackId: item.stackId, Name: item.name, Value: item.value })),
        ),
        NextToken: page.nextToken,
      };
    },

    ListImports(input) {
      const name = input.required("ExportName");
      const importers = store
        .all()
        .filter((stack) => stack.status !== "DELETE_COMPLETE" && (stack.imports ?? []).includes(name));
      if (importers.length === 0) throw validationError(`Export '${name}' is not imported by any stack.`);
      return { Imports: members(importers.map((stack) => stack.name)) };
    },
  };
}

/** Asked for by tools that look whether there is any: there is none. */
function aboutWhatIsNotKept({ store }: CloudFormationParts): Record<string, QueryOperation> {
  return {
    GetStackPolicy(input) {
      store.get(readStackName(input));
      return {};
    },

    ListStackRefactors: () => ({ StackRefactorSummaries: members([]) }),

    DescribeAccountLimits: () => ({ AccountLimits: members([{ Name: "StackLimit", Value: 2_000 }]) }),
  };
}

function resourceOf(stack: Stack, logicalId: string): StackResource {
  const resource = stack.resources[logicalId];
  if (resource === undefined)
    throw validationError(`Resource ${logicalId} does not exist for stack ${stack.name}`);
  return resource;
}
