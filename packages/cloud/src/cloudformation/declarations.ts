/**
 * What a template declares, attribute by attribute: an attribute that is misspelt, of another form, or that nothing here
 * honours is refused. Read as absent it would get its default, and a cluster that was to be kept would be deleted.
 *
 * Source: AWS CloudFormation Template Reference, "Resource attributes"; User Guide, "Parameters", "Outputs".
 */

import { validationError } from "../protocol/index.ts";
import { formatError, isObject, type Value, type ValueObject } from "./values.ts";

export type PolicyAttribute = "DeletionPolicy" | "UpdateReplacePolicy";

/** `Snapshot` is for types that have snapshots, none of which is offered. */
const policyValues: Readonly<Record<PolicyAttribute, readonly string[]>> = {
  DeletionPolicy: ["Delete", "Retain", "RetainExceptOnCreate"],
  UpdateReplacePolicy: ["Delete", "Retain"],
};

/** Functions that say something before anything is made. */
const policyFunctions = new Set(["Ref", "Fn::If", "Fn::FindInMap", "Fn::Sub", "Fn::Join", "Fn::Select"]);

const parameterAttributes = new Set([
  "Type",
  "Default",
  "AllowedValues",
  "AllowedPattern",
  "ConstraintDescription",
  "Description",
  "MaxLength",
  "MaxValue",
  "MinLength",
  "MinValue",
  "NoEcho",
]);

const outputAttributes = new Set(["Value", "Description", "Condition", "Export"]);

/** @throws {ServiceError} ValidationError: what a resource is to become of is none of the words for it */
export function refuseUnlessPolicy(logicalId: string, attribute: PolicyAttribute, value: Value): string {
  const allowed = policyValues[attribute];
  if (typeof value === "string" && allowed.includes(value)) return value;
  if (value === "Snapshot")
    throw validationError(
      `Template error: the resource ${logicalId} does not support Snapshot as its ${attribute}; its type has no snapshots. Use one of [${allowed.join(", ")}]`,
    );
  throw formatError(
    `Unrecognized ${attribute} ${JSON.stringify(value)} for resource ${logicalId}. It must be one of [${allowed.join(", ")}]`,
  );
}

/** @param root - a template that `parseTemplate` takes */
export function checkDeclarations(root: ValueObject): void {
  const version = root["AWSTemplateFormatVersion"];
  if (version !== undefined && version !== "2010-09-09")
    throw formatError("unsupported value for AWSTemplateFormatVersion. It must be 2010-09-09.");
  if (root["Description"] !== undefined && typeof root["Description"] !== "string")
    throw formatError("Description must be a string.");
  for (const section of ["Metadata", "Rules"]) refuseUnlessObject(root[section], section);
  if (root["Hooks"] !== undefined)
    throw formatError("dsql-local does not offer Hooks: it has no CodeDeploy that would run them.");
  const conditions = new Set(Object.keys(section(root, "Conditions")));
  const resources = section(root, "Resources");
  for (const [name, declaration] of Object.entries(resources))
    if (isObject(declaration)) checkResource(name, declaration, { conditions, resources });
  for (const [name, declaration] of Object.entries(section(root, "Parameters")))
    if (isObject(declaration)) checkParameter(name, declaration);
  for (const [name, declaration] of Object.entries(section(root, "Outputs")))
    if (isObject(declaration)) checkOutput(name, declaration, conditions);
}

interface Declared {
  readonly conditions: ReadonlySet<string>;
  readonly resources: ValueObject;
}

function checkResource(name: string, declaration: ValueObject, declared: Declared): void {
  for (const [attribute, value] of Object.entries(declaration))
    if (value === null)
      throw formatError(`[/Resources/${name}/${attribute}] 'null' values are not allowed in templates`);
  for (const attribute of ["DeletionPolicy", "UpdateReplacePolicy"] as const) {
    const value = declaration[attribute];
    if (value !== undefined) checkPolicy(name, attribute, value);
  }
  checkDependsOn(name, declaration["DependsOn"], declared);
  checkCondition(`resource ${name}`, "Resources", declaration["Condition"], declared.conditions);
  refuseUnlessObject(declaration["Metadata"], `[/Resources/${name}/Metadata] Metadata`);
  for (const [attribute, why] of [
    ["CreationPolicy", "nothing here sends the signals that it waits for"],
    ["UpdatePolicy", "it has no groups to update bit by bit, and no CodeDeploy"],
  ] as const) {
    if (declaration[attribute] === undefined) continue;
    throw validationError(
      `dsql-local does not offer ${attribute} (resource ${name}): ${why}. Remove it from the template.`,
    );
  }
}

/** A text is judged at once; what a function gives, when its parameters and conditions are known. */
function checkPolicy(name: string, attribute: PolicyAttribute, value: Value): void {
  const [only, ...others] = isObject(value) ? Object.keys(value) : [];
  if (only === undefined || others.length > 0 || !policyFunctions.has(only))
    refuseUnlessPolicy(name, attribute, value);
}

function checkDependsOn(name: string, value: Value | undefined, { resources }: Declared): void {
  if (value === undefined) return;
  const names = Array.isArray(value) ? value : [value];
  const texts = names.filter((item) => typeof item === "string");
  if (texts.length < names.length)
    throw formatError(`DependsOn of resource ${name} must be a string or a list of strings.`);
  const missing = texts.filter((item) => !Object.hasOwn(resources, item));
  if (missing.length === 0) return;
  throw formatError(
    `Unresolved resource dependencies [${missing.join(", ")}] in the Resources block of the template`,
  );
}

function checkCondition(
  what: string,
  block: string,
  value: Value | undefined,
  conditions: ReadonlySet<string>,
): void {
  if (value === undefined) return;
  if (typeof value !== "string") throw formatError(`Condition of ${what} must be the name of a condition.`);
  if (!conditions.has(value))
    throw formatError(`Unresolved condition dependency ${value} in the ${block} block of the template`);
}

function checkParameter(name: string, declaration: ValueObject): void {
  refuseUnknown(`parameter ${name}`, declaration, parameterAttributes);
  const { Default: given, AllowedValues: allowed } = declaration;
  if (typeof given === "object") throw formatError(`Every Default member must be a string (${name}).`);
  if (allowed !== undefined && !Array.isArray(allowed))
    throw formatError(`AllowedValues of parameter ${name} must be a list.`);
  for (const attribute of ["MaxLength", "MaxValue", "MinLength", "MinValue"]) {
    const bound = declaration[attribute];
    if (bound !== undefined && (typeof bound === "object" || Number.isNaN(Number(bound))))
      throw formatError(`${attribute} of parameter ${name} must be a number.`);
  }
}

function checkOutput(name: string, declaration: ValueObject, conditions: ReadonlySet<string>): void {
  refuseUnknown(`output ${name}`, declaration, outputAttributes);
  checkCondition(`output ${name}`, "Outputs", declaration["Condition"], conditions);
  const { Export: exported } = declaration;
  if (exported !== undefined && (!isObject(exported) || exported["Name"] === undefined))
    throw formatError(`Export of output ${name} must be an object with a Name.`);
}

function refuseUnknown(what: string, declaration: ValueObject, known: ReadonlySet<string>): void {
  const unknown = Object.keys(declaration).find((attribute) => !known.has(attribute));
  if (unknown !== undefined)
    throw formatError(
      `Invalid template property '${unknown}' of ${what}. It must be one of [${[...known].join(", ")}]`,
    );
}

function refuseUnlessObject(value: Value | undefined, what: string): void {
  if (value !== undefined && !isObject(value)) throw formatError(`${what} must be an object.`);
}

function section(root: ValueObject, name: string): ValueObject {
  const value = root[name];
  return isObject(value) ? value : {};
}
