/**
 * A CloudFormation template: JSON or YAML text to a checked structure.
 *
 * Always true of a parsed template
 * - `resources` has at least one resource; each has a type.
 * - The short forms of YAML (`!Ref`, `!GetAtt a.b`, `!Sub` …) are written out as `{"Ref": …}`, `{"Fn::…": …}`.
 *
 * Source: AWS CloudFormation User Guide, "Template anatomy".
 */

import { parseDocument, type CollectionTag, type ScalarTag, type Tags, YAMLMap, YAMLSeq } from "yaml";

import { validationError } from "../protocol/index.ts";
import { checkDeclarations } from "./declarations.ts";
import { formatError, isObject, scalarText, type Value, type ValueObject } from "./values.ts";

export { formatError, isObject, scalarText, type Value, type ValueObject } from "./values.ts";

export interface ResourceDeclaration {
  readonly type: string;
  readonly properties: ValueObject;
  readonly dependsOn: readonly string[];
  readonly condition?: string;
  /** A text, or a function that gives one: `Evaluation.policies` says which. */
  readonly deletionPolicy: Value;
  readonly updateReplacePolicy: Value;
  readonly metadata?: Value;
}

export interface ParameterDeclaration {
  readonly type: string;
  readonly default?: string;
  readonly allowedValues?: readonly string[];
  readonly allowedPattern?: string;
  readonly constraintDescription?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minValue?: number;
  readonly maxValue?: number;
  readonly noEcho: boolean;
  readonly description?: string;
}

export interface OutputDeclaration {
  readonly value: Value;
  readonly description?: string;
  readonly condition?: string;
  readonly exportName?: Value;
}

export interface Template {
  readonly body: string;
  readonly description?: string;
  readonly metadata?: Value;
  readonly parameters: Readonly<Record<string, ParameterDeclaration>>;
  readonly mappings: ValueObject;
  readonly conditions: ValueObject;
  readonly rules: ValueObject;
  readonly resources: Readonly<Record<string, ResourceDeclaration>>;
  readonly outputs: Readonly<Record<string, OutputDeclaration>>;
  readonly transforms: readonly string[];
}

/** CloudFormation's own limit for a template in S3. */
export const templateBytesMax = 1_000_000;

/** Deeper than any template; a deeper one is refused rather than overflowing the stack. */
const depthMax = 100;

/** Uses of YAML anchors: a template may repeat itself, but not so often that a short text becomes a huge one. */
const aliasesMax = 100;

/** Sections of templates that a transform has still to write out; without one they are unknown. */
const transformSections = new Set(["Globals"]);

const sections = new Set([
  "AWSTemplateFormatVersion",
  "Description",
  "Metadata",
  "Parameters",
  "Mappings",
  "Conditions",
  "Rules",
  "Resources",
  "Outputs",
  "Transform",
  "Hooks",
]);

const resourceAttributes = new Set([
  "Type",
  "Properties",
  "DependsOn",
  "Condition",
  "DeletionPolicy",
  "UpdateReplacePolicy",
  "Metadata",
  "CreationPolicy",
  "UpdatePolicy",
]);

/**
 * A template that somebody asks to have deployed, looked at more closely than one that has been: what it says in vain
 * would be taken for its absence.
 *
 * @throws {ServiceError} ValidationError
 */
export function parseNewTemplate(body: string): Template {
  const template = parseTemplate(body);
  // What a transform would write is not there yet; that there is one is refused afterwards, by name.
  if (template.transforms.length === 0) checkDeclarations(parseText(body));
  return template;
}

/** @throws {ServiceError} ValidationError, in CloudFormation's words where it has them */
export function parseTemplate(body: string): Template {
  if (Buffer.byteLength(body) > templateBytesMax) {
    throw validationError(`Template may not exceed ${templateBytesMax} bytes in size.`);
  }
  const root = parseText(body);
  const transforms = transformsOf(root["Transform"]);
  const isKnown = (key: string): boolean =>
    sections.has(key) || (transforms.length > 0 && transformSections.has(key));
  const unknown = Object.keys(root).filter((key) => !isKnown(key));
  if (unknown.length > 0) {
    throw formatError(`Invalid template property or properties [${unknown.join(", ")}]`);
  }
  const resources = objectIn(root, "Resources");
  if (Object.keys(resources).length === 0) {
    throw formatError("At least one Resources member must be defined.");
  }
  return {
    body,
    ...optional("description", textOf(root["Description"])),
    ...optional("metadata", root["Metadata"]),
    parameters: mapValues(objectIn(root, "Parameters"), parameterDeclaration),
    mappings: objectIn(root, "Mappings"),
    conditions: objectIn(root, "Conditions"),
    rules: objectIn(root, "Rules"),
    resources: mapValues(resources, resourceDeclaration),
    outputs: mapValues(objectIn(root, "Outputs"), outputDeclaration),
    transforms,
  };
}

function parseText(body: string): ValueObject {
  let root: unknown;
  if (body.trimStart().startsWith("{")) {
    try {
      root = JSON.parse(body);
    } catch (error) {
      throw formatError(`JSON not well-formed. (${(error as Error).message})`);
    }
  } else {
    const yaml = parseDocument(body, {
      customTags: shortForms,
      version: "1.1",
      merge: false,
      schema: "core",
    });
    const fault = yaml.errors[0];
    if (fault !== undefined)
      throw formatError(`YAML not well-formed. (${fault.message.split("\n")[0] ?? ""})`);
    try {
      root = yaml.toJS({ maxAliasCount: aliasesMax });
    } catch (error) {
      throw formatError(`YAML not well-formed. (${(error as Error).message})`);
    }
  }
  refuseDeepNesting(root as Value, 0);
  if (!isObject(root as Value)) throw formatError("unsupported structure.");
  return root as ValueObject;
}

/** What walks a template calls itself for each level, so the levels have a bound. */
function refuseDeepNesting(value: Value, depth: number): void {
  if (typeof value !== "object" || value === null) return;
  if (depth > depthMax) throw formatError(`the template is nested deeper than ${depthMax} levels`);
  for (const inner of Object.values(value)) refuseDeepNesting(inner, depth + 1);
}

// The full name of each short form. `!GetAtt a.b` alone has a form of its own: its text is split at the first dot.
const shortFormNames: Readonly<Record<string, string>> = {
  Ref: "Ref",
  Condition: "Condition",
  ...Object.fromEntries(
    [
      "And",
      "Base64",
      "Cidr",
      "Equals",
      "FindInMap",
      "GetAtt",
      "GetAZs",
      "If",
      "ImportValue",
      "Join",
      "Not",
      "Or",
    ]
      .concat(["Select", "Split", "Sub", "Transform", "Length", "ToJsonString", "Contains", "EachMemberIn"])
      .map((name) => [name, `Fn::${name}`]),
  ),
};

const shortForms: Tags = Object.entries(shortFormNames).flatMap(
  ([short, full]): (ScalarTag | CollectionTag)[] => [
    {
      tag: `!${short}`,
      resolve: (text: string): ValueObject => ({ [full]: full === "Fn::GetAtt" ? splitOnce(text) : text }),
    },
    { tag: `!${short}`, collection: "seq", resolve: (node) => new LongFormNode(full, node) },
    { tag: `!${short}`, collection: "map", resolve: (node) => new LongFormNode(full, node) },
  ],
);

/** A collection's short form: a map of one pair, whose value is the collection. */
class LongFormNode extends YAMLMap {
  constructor(name: string, argument: YAMLSeq | YAMLMap) {
    super();
    // The tag must not be applied to the inner collection a second time.
    delete (argument as { tag?: string }).tag;
    this.set(name, argument);
  }
}

function splitOnce(text: string): Value {
  const dot = text.indexOf(".");
  return dot < 0 ? text : [text.slice(0, dot), text.slice(dot + 1)];
}

function resourceDeclaration(name: string, declaration: Value): ResourceDeclaration {
  if (!/^[a-zA-Z0-9]{1,255}$/.test(name)) {
    throw formatError(`Resource name ${name} is non alphanumeric.`);
  }
  if (!isObject(declaration)) throw formatError(`Every Resources object must be an object (${name}).`);
  const type = textOf(declaration["Type"]);
  if (type === undefined)
    throw formatError(`[/Resources/${name}] Every Resources object must contain a Type member.`);
  const unknown = Object.keys(declaration).filter((key) => !resourceAttributes.has(key));
  if (unknown.length > 0) throw validationError(`Invalid template resource property '${unknown[0] ?? ""}'`);
  const properties = declaration["Properties"] ?? {};
  if (!isObject(properties))
    throw formatError(`[/Resources/${name}/Properties] 'null' values are not allowed in templates`);
  return {
    type,
    properties,
    dependsOn: textsOf(declaration["DependsOn"]),
    ...optional("condition", textOf(declaration["Condition"])),
    deletionPolicy: declaration["DeletionPolicy"] ?? "Delete",
    updateReplacePolicy: declaration["UpdateReplacePolicy"] ?? "Delete",
    ...optional("metadata", declaration["Metadata"]),
  };
}

/** By name, also where a transform has parameters of its own. */
function transformsOf(value: Value | undefined): readonly string[] {
  const list = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return list.map((item) => textOf(isObject(item) ? item["Name"] : item) ?? "without a name");
}

function parameterDeclaration(name: string, declaration: Value): ParameterDeclaration {
  if (!isObject(declaration)) throw formatError(`Every Parameters object must be an object (${name}).`);
  const type = textOf(declaration["Type"]);
  if (type === undefined) throw formatError(`Every Parameters object must contain a Type member.`);
  const values = declaration["AllowedValues"];
  return {
    type,
    ...optional("default", scalarText(declaration["Default"])),
    ...optional(
      "allowedValues",
      Array.isArray(values) ? values.map((value) => scalarText(value) ?? "") : undefined,
    ),
    ...optional("allowedPattern", textOf(declaration["AllowedPattern"])),
    ...optional("constraintDescription", textOf(declaration["ConstraintDescription"])),
    ...optional("minLength", boundOf(declaration["MinLength"])),
    ...optional("maxLength", boundOf(declaration["MaxLength"])),
    ...optional("minValue", boundOf(declaration["MinValue"])),
    ...optional("maxValue", boundOf(declaration["MaxValue"])),
    noEcho: scalarText(declaration["NoEcho"]) === "true",
    ...optional("description", textOf(declaration["Description"])),
  };
}

function boundOf(value: Value | undefined): number | undefined {
  const number = Number(scalarText(value));
  return value === undefined || Number.isNaN(number) ? undefined : number;
}

function outputDeclaration(name: string, declaration: Value): OutputDeclaration {
  if (!isObject(declaration) || declaration["Value"] === undefined) {
    throw formatError(`Every Outputs member must contain a Value object (${name}).`);
  }
  const exported = declaration["Export"];
  return {
    value: declaration["Value"],
    ...optional("description", textOf(declaration["Description"])),
    ...optional("condition", textOf(declaration["Condition"])),
    ...optional("exportName", isObject(exported) ? exported["Name"] : undefined),
  };
}

function textOf(value: Value | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function textsOf(value: Value | undefined): readonly string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function objectIn(root: ValueObject, section: string): ValueObject {
  const value = root[section];
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw formatError(`${section} must be an object.`);
  return value;
}

/** Without a prototype, so that a name like `constructor` is found only where the template declares it. */
function mapValues<Result>(
  source: ValueObject,
  convert: (name: string, value: Value) => Result,
): Record<string, Result> {
  const result = Object.create(null) as Record<string, Result>;
  for (const [name, value] of Object.entries(source)) result[name] = convert(name, value);
  return result;
}

/** `{ [name]: value }`, or nothing when there is no value: absent and undefined are kept apart by the compiler. */
function optional<Name extends string, Type>(name: Name, value: Type | undefined): { [key in Name]?: Type } {
  return (value === undefined ? {} : { [name]: value }) as { [key in Name]?: Type };
}
