/**
 * Dynamic references, `{{resolve:ssm:/name}}`: values that a template names and CloudFormation looks up.
 *
 * The CDK writes them for references from one Region to another, and for `StringParameter.valueFromLookup`'s relatives.
 *
 * Source: AWS CloudFormation User Guide, "Get values stored in other services using dynamic references".
 */

import { validationError } from "../protocol/index.ts";
import { isObject, type Value, type ValueObject } from "./template.ts";

const pattern = /\{\{resolve:([a-z-]+):([^{}]+)\}\}/g;

/**
 * @param ssmValue - the value of a parameter, by its name or by `<name>:<version>`
 * @returns the properties with the values in the references' places
 * @throws {ServiceError} ValidationError: there is no such parameter, or the service that is referred to is not offered
 */
export function withReferencesResolved(
  properties: ValueObject,
  ssmValue: (selector: string) => string | undefined,
): ValueObject {
  const resolve = (value: Value): Value => {
    if (typeof value === "string") {
      return value.replace(pattern, (_all, service: string, key: string) => lookUp(service, key, ssmValue));
    }
    if (Array.isArray(value)) return value.map(resolve);
    return isObject(value) ? resolveAll(value) : value;
  };
  const resolveAll = (object: ValueObject): ValueObject =>
    Object.fromEntries(Object.entries(object).map(([key, value]) => [key, resolve(value)]));
  return resolveAll(properties);
}

function lookUp(service: string, key: string, ssmValue: (selector: string) => string | undefined): string {
  if (service !== "ssm") {
    throw validationError(
      `dsql-local does not offer the dynamic reference {{resolve:${service}:…}}. It offers: {{resolve:ssm:…}}.`,
    );
  }
  const value = ssmValue(key);
  if (value !== undefined) return value;
  throw validationError(`Parameters: [ssm:${key}] cannot be found.`);
}
