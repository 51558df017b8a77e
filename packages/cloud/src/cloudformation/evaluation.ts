/**
 * A template in its stack: what every name in it means.
 *
 * Always true: conditions see parameters and mappings only, so they are the same for the whole operation.
 */

import { validationError } from "../protocol/index.ts";
import { type PolicyAttribute, refuseUnlessPolicy } from "./declarations.ts";
import { dependenciesOf, type Dependencies } from "./dependencies.ts";
import { withReferencesResolved } from "./dynamic-references.ts";
import { evaluate, evaluateCondition, evaluateProperties, type Scope } from "./intrinsics.ts";
import { parameterValue } from "./parameters.ts";
import { attributeOf, referenceOf } from "./resource-type.ts";
import type { StackDefinition, StackOutput } from "./stack.ts";
import {
  formatError,
  isObject,
  scalarText,
  type Template,
  type Value,
  type ValueObject,
} from "./template.ts";

/** What a resource looks like to those that refer to it. */
export interface Referable {
  readonly physicalId: string;
  readonly attributes: ValueObject;
}

export interface EvaluationOptions {
  readonly template: Template;
  readonly definition: StackDefinition;
  readonly stackName: string;
  readonly stackId: string;
  readonly account: string;
  readonly region: string;
  /** A resource as it is now. */
  readonly resource: (logicalId: string) => Referable | undefined;
  /** The value another stack exports under a name. */
  readonly exported: (name: string) => string | undefined;
  /** An SSM parameter's value, by its name or by `<name>:<version>`. */
  readonly ssmValue: (selector: string) => string | undefined;
  /** A text with the addresses that things have here in the place of those they have in AWS. */
  readonly withLocalAddresses: (text: string) => string;
}

/** Stands in a change set for what is known only once the change is made. */
export const knownAfterApply = "{{changeSet:KNOWN_AFTER_APPLY}}";

export class Evaluation implements Scope {
  readonly template: Template;
  readonly mappings: ValueObject;
  readonly region: string;
  readonly revertsDrift: boolean;
  /** Names of exports that were read. */
  readonly imports = new Set<string>();
  readonly #options: EvaluationOptions;
  readonly #conditions = new Map<string, boolean>();

  constructor(options: EvaluationOptions) {
    this.#options = options;
    this.template = options.template;
    this.mappings = options.template.mappings;
    this.region = options.region;
    this.revertsDrift = options.definition.revertsDrift === true;
  }

  reference(name: string): Value | undefined {
    if (name.startsWith("AWS::")) return this.#pseudo(name);
    const declaration = this.template.parameters[name];
    if (declaration !== undefined) {
      const parameter = this.#options.definition.parameters.find((candidate) => candidate.key === name);
      return parameter === undefined ? undefined : parameterValue(parameter, declaration);
    }
    const resource = this.#options.resource(name);
    return resource === undefined ? undefined : referenceOf(resource);
  }

  attribute(resource: string, attribute: string): Value | undefined {
    const found = this.#options.resource(resource);
    if (found === undefined) return undefined;
    return found.physicalId === knownAfterApply ? knownAfterApply : attributeOf(found.attributes, attribute);
  }

  condition(name: string): boolean {
    const known = this.#conditions.get(name);
    if (known !== undefined) return known;
    const definition = this.template.conditions[name];
    if (definition === undefined)
      throw formatError(`Unresolved condition dependency ${name} in the Conditions block of the template`);
    // A condition that asks for itself finds this answer instead of no end.
    this.#conditions.set(name, false);
    const holds = evaluateCondition(definition, this);
    this.#conditions.set(name, holds);
    return holds;
  }

  importValue(exportName: string): string {
    this.imports.add(exportName);
    const value = this.#options.exported(exportName);
    if (value === undefined) throw validationError(`No export named ${exportName} found.`);
    return value;
  }

  /** The resources the template makes here, and what each waits for. */
  dependencies(): Dependencies {
    return dependenciesOf(
      this.template,
      (resource) => resource.condition === undefined || this.condition(resource.condition),
      (name) => this.condition(name),
    );
  }

  properties(logicalId: string): ValueObject {
    const properties = evaluateProperties(this.template.resources[logicalId]?.properties ?? {}, this);
    const resolved = withReferencesResolved(properties, this.#options.ssmValue);
    return textsMapped(resolved, this.#options.withLocalAddresses) as ValueObject;
  }

  /** What becomes of a resource when its stack, or it itself, goes. */
  policies(logicalId: string): { deletionPolicy: string; updateReplacePolicy: string } {
    const { deletionPolicy = "Delete", updateReplacePolicy = "Delete" } =
      this.template.resources[logicalId] ?? {};
    return {
      deletionPolicy: this.#policy(logicalId, "DeletionPolicy", deletionPolicy),
      updateReplacePolicy: this.#policy(logicalId, "UpdateReplacePolicy", updateReplacePolicy),
    };
  }

  /** `AWS::NoValue` is no policy, and so the one that a resource without it has. */
  #policy(logicalId: string, attribute: PolicyAttribute, value: Value): string {
    const evaluated = evaluate(value, this);
    return refuseUnlessPolicy(logicalId, attribute, evaluated === "" ? "Delete" : evaluated);
  }

  outputs(): readonly StackOutput[] {
    const outputs: StackOutput[] = [];
    for (const [key, declaration] of Object.entries(this.template.outputs)) {
      if (declaration.condition !== undefined && !this.condition(declaration.condition)) continue;
      const exportName =
        declaration.exportName === undefined ? undefined : scalarText(evaluate(declaration.exportName, this));
      outputs.push({
        key,
        value: this.#options.withLocalAddresses(scalarText(evaluate(declaration.value, this)) ?? ""),
        ...(declaration.description === undefined ? {} : { description: declaration.description }),
        ...(exportName === undefined ? {} : { exportName }),
      });
    }
    return outputs;
  }

  /** @throws {ServiceError} ValidationError: the words of the assertion that does not hold */
  checkRules(): void {
    for (const [name, rule] of Object.entries(this.template.rules)) {
      if (!isObject(rule)) continue;
      const condition = rule["RuleCondition"];
      if (condition !== undefined && !evaluateCondition(condition, this)) continue;
      const assertions = rule["Assertions"];
      for (const assertion of Array.isArray(assertions) ? assertions : []) {
        if (!isObject(assertion) || evaluateCondition(assertion["Assert"] ?? true, this)) continue;
        throw validationError(
          `Template error: rule ${name} does not hold: ${scalarText(assertion["AssertDescription"]) ?? "no description"}`,
        );
      }
    }
  }

  #pseudo(name: string): Value | undefined {
    const { account, region, stackName, stackId, definition } = this.#options;
    const values: Readonly<Record<string, Value>> = {
      "AWS::AccountId": account,
      "AWS::Region": region,
      "AWS::StackName": stackName,
      "AWS::StackId": stackId,
      "AWS::Partition": "aws",
      "AWS::URLSuffix": "amazonaws.com",
      "AWS::NotificationARNs": [...definition.notificationArns],
    };
    return values[name];
  }
}

function textsMapped(value: Value, map: (text: string) => string): Value {
  if (typeof value === "string") return map(value);
  if (Array.isArray(value)) return value.map((each) => textsMapped(each, map));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, textsMapped(each, map)]));
}
