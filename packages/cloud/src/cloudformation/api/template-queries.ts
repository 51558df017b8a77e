/** The CloudFormation API about templates: given back, summed up, checked. */

import {
  members,
  type QueryInput,
  type QueryOperation,
  validationError,
  type XmlValue,
} from "../../protocol/index.ts";
import type { CloudFormationParts } from "./parts.ts";
import { readStackName } from "./requests.ts";
import { parseNewTemplate, parseTemplate, type Template } from "../template.ts";

export function templateQueries(parts: CloudFormationParts): Record<string, QueryOperation> {
  const { store } = parts;
  return {
    GetTemplate(input) {
      const changeSetName = input.text("ChangeSetName");
      if (changeSetName !== undefined) {
        const { changeSet } = store.changeSet(changeSetName, input.text("StackName"));
        return {
          TemplateBody: changeSet.definition.templateBody,
          StagesAvailable: members(["Original", "Processed"]),
        };
      }
      const stack = store.get(readStackName(input));
      return {
        // Under review there is nothing yet, only change sets that say what there would be.
        TemplateBody: stack.status === "REVIEW_IN_PROGRESS" ? "{}" : stack.definition.templateBody,
        StagesAvailable: members(["Original", "Processed"]),
      };
    },

    async GetTemplateSummary(input) {
      const name = input.text("StackName");
      const stack = name === undefined ? undefined : store.get(name);
      const template =
        stack === undefined ? await readTemplate(input, parts) : parseTemplate(stack.definition.templateBody);
      return summarizeTemplate(template);
    },

    async ValidateTemplate(input) {
      const { Parameters, Description, Capabilities, CapabilitiesReason } = summarizeTemplate(
        await readTemplate(input, parts),
      );
      return { Parameters, Description, Capabilities, CapabilitiesReason };
    },
  };
}

async function readTemplate(input: QueryInput, parts: CloudFormationParts): Promise<Template> {
  const body = input.text("TemplateBody");
  const url = input.text("TemplateURL");
  if (body !== undefined) return parseNewTemplate(body);
  if (url !== undefined) return parseNewTemplate(await parts.readers.objectText(url));
  throw validationError("Either Template URL or Template Body must be specified.");
}

interface TemplateSummary {
  readonly [name: string]: XmlValue;
  readonly Parameters: XmlValue;
  readonly Description: XmlValue;
  readonly Capabilities: XmlValue;
  readonly CapabilitiesReason: XmlValue;
}

function summarizeTemplate(template: Template): TemplateSummary {
  const resources = Object.entries(template.resources);
  const iam = resources
    .filter(([, resource]) => resource.type.startsWith("AWS::IAM::"))
    .map(([, resource]) => resource);
  const isNamed = iam.some((resource) => "RoleName" in resource.properties);
  return {
    Parameters: members(
      Object.entries(template.parameters).map(([key, declaration]) => ({
        ParameterKey: key,
        DefaultValue: declaration.default,
        ParameterType: declaration.type,
        NoEcho: declaration.noEcho,
        Description: declaration.description,
      })),
    ),
    Description: template.description,
    Capabilities:
      iam.length === 0 ? undefined : members([isNamed ? "CAPABILITY_NAMED_IAM" : "CAPABILITY_IAM"]),
    CapabilitiesReason:
      iam.length === 0
        ? undefined
        : `The following resource(s) require capabilities: [${[...new Set(iam.map((resource) => resource.type))].join(", ")}]`,
    ResourceTypes: members([...new Set(resources.map(([, resource]) => resource.type))]),
    Version: "2010-09-09",
    Metadata: template.metadata === undefined ? undefined : JSON.stringify(template.metadata),
    ResourceIdentifierSummaries: members(
      resources.map(([logicalId, resource]) => ({
        ResourceType: resource.type,
        LogicalResourceIds: members([logicalId]),
      })),
    ),
  };
}
