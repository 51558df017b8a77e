/**
 * A stack's parameters: what the caller gave, what the template declares, what an SSM parameter stands for.
 *
 * Source: AWS CloudFormation User Guide, "Parameters" and "Specify existing resources at runtime with CloudFormation-supplied parameter types".
 */

import { validationError } from "../protocol/index.ts";
import { AllowedPatterns } from "./allowed-pattern.ts";
import type { StackParameter } from "./stack.ts";
import type { ParameterDeclaration, Template, Value } from "./template.ts";

export interface GivenParameter {
  readonly key: string;
  readonly value: string | undefined;
  readonly usePreviousValue: boolean;
}

const ssmType = /^AWS::SSM::Parameter::Value<(.+)>$/;

/**
 * @param previous - the stack's parameters so far, for `UsePreviousValue`
 * @param ssmValue - an SSM parameter's value; `undefined` when there is none of that name
 * @throws {ServiceError} ValidationError
 */
export function resolveParameters(
  template: Template,
  given: readonly GivenParameter[],
  previous: readonly StackParameter[],
  ssmValue: (name: string) => string | undefined,
): readonly StackParameter[] {
  const unknown = given.filter((parameter) => !(parameter.key in template.parameters));
  if (unknown.length > 0) {
    throw validationError(`Parameters: [${names(unknown)}] do not exist in the template`);
  }
  const patterns = new AllowedPatterns();
  const missing: { key: string }[] = [];
  const resolved: StackParameter[] = [];
  for (const [key, declaration] of Object.entries(template.parameters)) {
    const value = valueOf(key, declaration, given, previous);
    if (value === undefined) missing.push({ key });
    else resolved.push(resolveOne(key, value, declaration, { ssmValue, patterns }));
  }
  if (missing.length > 0) throw validationError(`Parameters: [${names(missing)}] must have values`);
  return resolved;
}

function valueOf(
  key: string,
  declaration: ParameterDeclaration,
  given: readonly GivenParameter[],
  previous: readonly StackParameter[],
): string | undefined {
  const own = given.find((parameter) => parameter.key === key);
  if (own?.usePreviousValue === true)
    return previous.find((parameter) => parameter.key === key)?.value ?? declaration.default;
  return own?.value ?? declaration.default;
}

function resolveOne(
  key: string,
  value: string,
  declaration: ParameterDeclaration,
  readers: { readonly ssmValue: (name: string) => string | undefined; readonly patterns: AllowedPatterns },
): StackParameter {
  checkConstraints(key, value, declaration, readers.patterns);
  if (!ssmType.test(declaration.type)) return { key, value };
  const resolvedValue = readers.ssmValue(value);
  if (resolvedValue === undefined) {
    throw validationError(`Unable to fetch parameters [${value}] from parameter store for this account.`);
  }
  return { key, value, resolvedValue };
}

function checkConstraints(
  key: string,
  value: string,
  declaration: ParameterDeclaration,
  patterns: AllowedPatterns,
): void {
  const because = declaration.constraintDescription;
  if (declaration.allowedValues !== undefined && !declaration.allowedValues.includes(value)) {
    const reason = because ?? `Member must satisfy enum value set: [${declaration.allowedValues.join(", ")}]`;
    throw validationError(`Parameter '${key}' must be one of AllowedValues: ${reason}`);
  }
  if (declaration.allowedPattern !== undefined && !patterns.matches(declaration.allowedPattern, value)) {
    throw validationError(
      `Parameter '${key}' failed to satisfy constraint: ${because ?? `Must match pattern ${declaration.allowedPattern}`}`,
    );
  }
  const { minLength = 0, maxLength = Infinity, minValue = -Infinity, maxValue = Infinity } = declaration;
  if (value.length < minLength || value.length > maxLength) {
    throw validationError(
      `Parameter '${key}' must contain ${because ?? `${minLength} to ${maxLength} characters`}`,
    );
  }
  if (declaration.type === "Number" && (Number(value) < minValue || Number(value) > maxValue)) {
    throw validationError(
      `Parameter '${key}' must be a number ${because ?? `from ${minValue} to ${maxValue}`}`,
    );
  }
  if (declaration.type === "Number" && (value.trim() === "" || Number.isNaN(Number(value)))) {
    throw validationError(`Parameter '${key}' must be a number.`);
  }
}

/** What `Ref` of a parameter gives. */
export function parameterValue(parameter: StackParameter, declaration: ParameterDeclaration): Value {
  const text = parameter.resolvedValue ?? parameter.value;
  const type = ssmType.exec(declaration.type)?.[1] ?? declaration.type;
  if (type !== "CommaDelimitedList" && !type.startsWith("List<")) return text;
  return text.split(",").map((item) => item.trim());
}

function names(parameters: readonly { key: string }[]): string {
  return parameters.map((parameter) => parameter.key).join(", ");
}
