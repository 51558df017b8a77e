/**
 * Intrinsic functions: a template's value to the value it stands for.
 *
 * The scope says what names mean; this file knows only the functions. `AWS::NoValue` removes the property or list item
 * it stands in. A reference to a resource that does not exist yet is the scope's matter: while deploying it is a
 * defect of the order, while a change set is drawn up it is a mark that says so.
 *
 * Source: AWS CloudFormation Template Reference, "Intrinsic functions".
 */

import { validationError } from "../protocol/index.ts";
import { formatError, isObject, scalarText, type Value, type ValueObject } from "./template.ts";

export interface Scope {
  /** A parameter's, pseudo parameter's or resource's value; `undefined` when no such name exists. */
  reference(name: string): Value | undefined;
  /** An attribute of a resource; `undefined` when there is none. */
  attribute(resource: string, attribute: string): Value | undefined;
  condition(name: string): boolean;
  readonly mappings: ValueObject;
  importValue(exportName: string): string;
  readonly region: string;
}

/** Stands for `AWS::NoValue` until the enclosing object or list drops it. */
const noValue = Symbol("AWS::NoValue");
type Evaluated = Value | typeof noValue;

/** @throws {ServiceError} ValidationError: a name that does not exist, or a function with wrong arguments */
export function evaluate(value: Value, scope: Scope): Value {
  const result = resolve(value, scope);
  return result === noValue ? "" : result;
}

export function evaluateProperties(properties: ValueObject, scope: Scope): ValueObject {
  const result = resolve(properties, scope);
  return result === noValue || !isObject(result) ? {} : result;
}

/** A condition's definition: `Fn::Equals`, `Fn::And`, `Fn::Or`, `Fn::Not`, `Condition`. */
export function evaluateCondition(value: Value, scope: Scope): boolean {
  if (typeof value === "boolean") return value;
  if (!isObject(value))
    throw formatError("Conditions can only be boolean operations on parameters and other conditions");
  const [[name, argument] = ["", null]] = Object.entries(value);
  const list = Array.isArray(argument) ? argument : [argument];
  switch (name) {
    case "Condition":
      return scope.condition(scalarText(argument) ?? "");
    case "Fn::Equals": {
      const [left = null, right = null] = list.map((item) => evaluate(item, scope));
      return canonical(left) === canonical(right);
    }
    case "Fn::And":
      return list.every((item) => evaluateCondition(item, scope));
    case "Fn::Or":
      return list.some((item) => evaluateCondition(item, scope));
    case "Fn::Not":
      return !evaluateCondition(list[0] ?? null, scope);
    case "Fn::Contains": {
      const [options = null, wanted = null] = list.map((item) => evaluate(item, scope));
      return Array.isArray(options) && options.some((option) => canonical(option) === canonical(wanted));
    }
    default:
      throw formatError(`Conditions can not use the function ${name}`);
  }
}

function resolve(value: Value, scope: Scope): Evaluated {
  if (Array.isArray(value)) {
    return value.map((item) => resolve(item, scope)).filter((item) => item !== noValue);
  }
  if (!isObject(value)) return value;
  const entries = Object.entries(value);
  const [only] = entries;
  if (entries.length === 1 && only !== undefined) {
    const [name, argument] = only;
    if (name === "Ref") return reference(scalarText(argument) ?? "", scope);
    const call = Object.hasOwn(functions, name) ? functions[name] : undefined;
    if (call !== undefined) return call(argument, (inner) => resolve(inner, scope), scope);
    if (name.startsWith("Fn::")) {
      const known = ["Ref", ...Object.keys(functions)].join(", ");
      throw formatError(`dsql-local does not offer the function ${name}; it offers: ${known}`);
    }
  }
  const result: ValueObject = {};
  for (const [key, inner] of entries) {
    const evaluated = resolve(inner, scope);
    if (evaluated !== noValue) result[key] = evaluated;
  }
  return result;
}

type Resolve = (value: Value) => Evaluated;

const functions: Readonly<Record<string, (argument: Value, inner: Resolve, scope: Scope) => Evaluated>> = {
  "Fn::GetAtt": (argument, inner, scope) => {
    const [resource = "", ...rest] = Array.isArray(argument)
      ? argument.map((item) => text(inner(item), "Fn::GetAtt"))
      : text(inner(argument), "Fn::GetAtt").split(".");
    return attribute(resource, rest.join("."), scope);
  },
  "Fn::Join": (argument, inner) => {
    const [separator = "", items = []] = listOf(argument, "Fn::Join", 2);
    const values = inner(items);
    if (!Array.isArray(values))
      throw formatError("every Fn::Join object requires a delimiter and a list of values");
    return values.map((item) => text(item, "Fn::Join")).join(text(inner(separator), "Fn::Join"));
  },
  "Fn::Sub": (argument, inner, scope) => substitute(argument, inner, scope),
  "Fn::Select": (argument, inner) => {
    const [index = 0, items = []] = listOf(argument, "Fn::Select", 2);
    const values = inner(items);
    const chosen = Array.isArray(values) ? values[Number(inner(index))] : undefined;
    if (chosen === undefined)
      throw validationError("Template error: Fn::Select cannot select nonexistent value");
    return chosen;
  },
  "Fn::Split": (argument, inner) => {
    const [separator = "", source = ""] = listOf(argument, "Fn::Split", 2);
    return text(inner(source), "Fn::Split").split(text(inner(separator), "Fn::Split"));
  },
  "Fn::If": (argument, inner, scope) => {
    const [condition = "", whenTrue = "", whenFalse = ""] = listOf(argument, "Fn::If", 3);
    return inner(scope.condition(scalarText(condition) ?? "") ? whenTrue : whenFalse);
  },
  "Fn::FindInMap": (argument, inner, scope) => findInMap(argument, inner, scope),
  "Fn::ImportValue": (argument, inner, scope) => scope.importValue(text(inner(argument), "Fn::ImportValue")),
  "Fn::Base64": (argument, inner) =>
    Buffer.from(text(inner(argument), "Fn::Base64"), "utf8").toString("base64"),
  "Fn::Length": (argument, inner) => {
    const values = inner(argument);
    if (!Array.isArray(values)) throw formatError("Fn::Length needs a list");
    return values.length;
  },
  "Fn::ToJsonString": (argument, inner) => JSON.stringify(inner(argument)),
  "Fn::GetAZs": (argument, inner, scope) => {
    const region = text(inner(argument), "Fn::GetAZs");
    return ["a", "b", "c"].map((zone) => (region === "" ? scope.region : region) + zone);
  },
  "Fn::Equals": (argument, _inner, scope) => evaluateCondition({ "Fn::Equals": argument }, scope),
};

function reference(name: string, scope: Scope): Evaluated {
  if (name === "AWS::NoValue") return noValue;
  const value = scope.reference(name);
  if (value === undefined) throw unresolved(name);
  return value;
}

function attribute(resource: string, name: string, scope: Scope): Value {
  const value = scope.attribute(resource, name);
  if (value === undefined) {
    throw validationError(
      `Template error: resource ${resource} does not support attribute type ${name} in Fn::GetAtt`,
    );
  }
  return value;
}

function substitute(argument: Value, inner: Resolve, scope: Scope): string {
  const variables: Value = Array.isArray(argument) ? (argument[1] ?? {}) : {};
  const source = text(Array.isArray(argument) ? (argument[0] ?? "") : argument, "Fn::Sub");
  return source.replace(/\$\{(!?)([^}]*)\}/g, (_whole, literal: string, written: string) => {
    if (literal === "!") return `\${${written}}`;
    const name = written.trim();
    if (isObject(variables) && Object.hasOwn(variables, name))
      return text(inner(variables[name] ?? ""), "Fn::Sub");
    const dot = name.indexOf(".");
    const value =
      dot < 0 ? reference(name, scope) : attribute(name.slice(0, dot), name.slice(dot + 1), scope);
    return text(value, "Fn::Sub");
  });
}

function findInMap(argument: Value, inner: Resolve, scope: Scope): Evaluated {
  const items = Array.isArray(argument) ? argument : [];
  const [map = "", first = "", second = ""] = items
    .slice(0, 3)
    .map((item) => text(inner(item), "Fn::FindInMap"));
  const byFirst = scope.mappings[map];
  const bySecond = isObject(byFirst) ? byFirst[first] : undefined;
  const found = isObject(bySecond) ? bySecond[second] : undefined;
  if (found !== undefined) return found;
  const options = items[3];
  if (isObject(options) && options["DefaultValue"] !== undefined) return inner(options["DefaultValue"]);
  throw validationError(`Template error: Unable to get mapping for ${map}::${first}::${second}`);
}

function listOf(argument: Value, name: string, length: number): readonly Value[] {
  if (Array.isArray(argument) && argument.length === length) return argument;
  throw formatError(`${name} needs a list of ${length} arguments`);
}

function text(value: Evaluated, name: string): string {
  const result = value === noValue ? "" : scalarText(value);
  if (result === undefined) throw formatError(`${name} needs a text where it got a structure`);
  return result;
}

export function unresolved(name: string): Error {
  return formatError(`Unresolved resource dependencies [${name}] in the Resources block of the template`);
}

/** JSON with sorted keys, and `true` equal to `"true"`: CloudFormation compares properties as texts. */
export function canonical(value: Value): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value === null ? null : String(value));
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(",")}}`;
}
