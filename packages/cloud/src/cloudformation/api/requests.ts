/** Reads what CreateStack, UpdateStack and CreateChangeSet have in common: template, parameters, tags, capabilities. */

import { type QueryInput, validationError } from "../../protocol/index.ts";
import { type Caller, ServiceError } from "../../service.ts";
import { resolveParameters } from "../parameters.ts";
import type { FailureAction, SsmReader, Stack, StackActor, StackDefinition, Tag } from "../stack.ts";
import { parseNewTemplate, type Template } from "../template.ts";

/** What reading a request needs from beside CloudFormation. */
export interface RequestReaders {
  /** The text of an object in the local S3, by its HTTPS address. */
  readonly objectText: (url: string) => Promise<string>;
  /** The ARN of the object that such an address means; undefined where it means none. */
  readonly objectArn: (url: string) => string | undefined;
  /** By name, ARN, or either with `:<version>`. */
  readonly ssmValue: (selector: string) => string | undefined;
  /** As `EvaluationOptions` has it. */
  readonly withLocalAddresses: (text: string) => string;
  /** Whether CloudFormation may act as the role that has this ARN. */
  readonly isAssumable: (roleArn: string) => boolean;
}

/**
 * In whose name the stack is to be worked on.
 *
 * @param roleArn - the role that the request or the stack names
 * @throws {ServiceError} ValidationError: CloudFormation may not act as that role
 */
export function actorOf(
  roleArn: string | undefined,
  caller: Caller,
  { isAssumable }: Pick<RequestReaders, "isAssumable">,
): StackActor {
  if (roleArn === undefined) return { principalArn: caller.principalArn, callerArn: caller.callerArn };
  if (!isAssumable(roleArn)) throw validationError(`Role ${roleArn} is invalid or cannot be assumed`);
  const [, , , , account, path = ""] = roleArn.split(":");
  const name = path.slice(path.lastIndexOf("/") + 1);
  const callerArn = `arn:aws:sts::${account ?? ""}:assumed-role/${name}/AWSCloudFormation`;
  return { principalArn: roleArn, callerArn };
}

export interface RequestedDefinition {
  readonly definition: StackDefinition;
  readonly template: Template;
  readonly actor: StackActor;
}

/** @param stack - the stack as it is, for what the request takes over from it */
export async function readDefinition(
  { readers, ssmValueFor }: { readonly readers: RequestReaders; readonly ssmValueFor: SsmReader },
  { input, caller }: { readonly input: QueryInput; readonly caller: Caller },
  stack: Stack | undefined,
): Promise<RequestedDefinition> {
  const roleArn = input.text("RoleARN") ?? stack?.definition.roleArn;
  const actor = actorOf(roleArn, caller, readers);
  const templateBody = await readTemplateBody(input, stack, readers);
  const template = parseNewTemplate(templateBody);
  refuseTransforms(template);
  const given = input.list("Parameters").map((parameter) => ({
    key: parameter.required("ParameterKey"),
    value: parameter.text("ParameterValue"),
    usePreviousValue: parameter.flag("UsePreviousValue") ?? false,
  }));
  const previous = stack?.definition.parameters ?? [];
  const parameters = resolveParameters(template, given, previous, ssmValueFor(actor));
  const capabilities = input.texts("Capabilities");
  refuseMissingCapabilities(template, capabilities);
  const tags = readTags(input);
  const definition: StackDefinition = {
    templateBody,
    parameters,
    tags: tags.length === 0 && input.text("Tags") === undefined ? (stack?.definition.tags ?? []) : tags,
    capabilities,
    notificationArns: input.texts("NotificationARNs"),
    ...(roleArn === undefined ? {} : { roleArn }),
    ...(input.text("DeploymentMode") === "REVERT_DRIFT" ? { revertsDrift: true } : {}),
  };
  return { definition, template, actor };
}

async function readTemplateBody(
  input: QueryInput,
  stack: Stack | undefined,
  readers: RequestReaders,
): Promise<string> {
  const body = input.text("TemplateBody");
  if (body !== undefined && body !== "") return body;
  const url = input.text("TemplateURL");
  if (url !== undefined && url !== "") return readers.objectText(url);
  if (input.flag("UsePreviousTemplate") === true && stack !== undefined) return stack.definition.templateBody;
  throw validationError("Either Template URL or Template Body must be specified.");
}

function readTags(input: QueryInput): readonly Tag[] {
  return input.list("Tags").map((tag) => ({ key: tag.required("Key"), value: tag.text("Value") ?? "" }));
}

export function refuseTransforms(template: Template): void {
  if (template.transforms.length === 0) return;
  throw validationError(
    `dsql-local does not run template transforms: [${template.transforms.join(", ")}]. Deploy the template that they would make: with the CDK, \`cdk synth\` writes it.`,
  );
}

/** IAM resources need the caller's word that they are meant, as in AWS. */
export function refuseMissingCapabilities(template: Template, capabilities: readonly string[]): void {
  const iam = Object.values(template.resources).filter((resource) => resource.type.startsWith("AWS::IAM::"));
  if (iam.length === 0) return;
  const isNamed = iam.some(
    (resource) => "RoleName" in resource.properties || "ManagedPolicyName" in resource.properties,
  );
  const needed = isNamed ? "CAPABILITY_NAMED_IAM" : "CAPABILITY_IAM";
  if (capabilities.includes(needed) || capabilities.includes("CAPABILITY_NAMED_IAM")) return;
  throw new ServiceError({
    code: "InsufficientCapabilitiesException",
    message: `Requires capabilities : [${needed}]`,
  });
}

export function readFailureAction(input: QueryInput): FailureAction {
  const action = input.text("OnFailure") ?? input.text("OnStackFailure");
  if (action === "DELETE" || action === "DO_NOTHING") return action;
  return input.flag("DisableRollback") === true ? "DO_NOTHING" : "ROLLBACK";
}

export function readStackName(input: QueryInput): string {
  const name = input.required("StackName");
  if (name.startsWith("arn:") || /^[a-zA-Z][-a-zA-Z0-9]{0,127}$/.test(name)) return name;
  throw validationError(
    `1 validation error detected: Value '${name}' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*`,
  );
}
