/**
 * IAM policies: JSON documents that say who may do what to which resource.
 *
 * A document is checked once, when it is put, with the words IAM refuses it in; deciding cannot fail afterwards. An
 * explicit deny wins over every allow, and what nothing allows is denied.
 *
 * Three kinds: an *identity* policy belongs to a user or role and names no principal; a *trust* policy belongs to a role
 * and names who may assume it; a *resource* policy belongs to a cluster and names both principals and resources.
 *
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 * Tests: policy.test.ts.
 */
import { IdentityError } from "./identity-error.ts";
import { type Condition, type ConditionContext, meetsCondition, parseCondition } from "./condition.ts";
import { type Lookup, matchesArn, matchesPattern, splitArn } from "./pattern.ts";

export type PolicyKind = "identity" | "trust" | "resource";

export interface Policy {
  readonly statements: readonly Statement[];
  /** `${…}` is a variable since version 2012-10-17; before, it is text. */
  readonly hasVariables: boolean;
}

interface Statement {
  readonly effect: "Allow" | "Deny";
  readonly actions: Patterns;
  /** Absent in trust policies. */
  readonly resources: Patterns | undefined;
  /** Absent in identity policies. */
  readonly principals: Principals | undefined;
  readonly conditions: readonly Condition[];
}

/** A list to be in, or (`NotAction`, `NotResource`) not to be in. */
interface Patterns {
  readonly isNegated: boolean;
  readonly values: readonly string[];
}

interface Principals {
  readonly isNegated: boolean;
  /** ARNs, account ids or `*`. */
  readonly aws: readonly string[];
  readonly services: readonly string[];
}

export interface PolicyRequest {
  readonly action: string;
  readonly resourceArn: string;
  readonly context: ConditionContext;
}

export type Decision = "allow" | "deny" | "undecided";

/** Who wants to assume a role, or to use a resource. */
export type Assumer =
  | {
      readonly kind: "principal";
      readonly account: string;
      /** Role or user, and session. */ readonly arns: readonly string[];
    }
  | { readonly kind: "service"; readonly service: string };

/** `delegate`: the policy names the whole account, so the account's own policies decide. */
export type TrustDecision = Decision | "delegate";

export function decide(policies: readonly Policy[], request: PolicyRequest): Decision {
  let decision: Decision = "undecided";
  for (const policy of policies) {
    const lookup = variablesOf(policy, request.context);
    for (const statement of policy.statements) {
      if (!concerns(statement, request, lookup)) continue;
      if (statement.effect === "Deny") return "deny";
      decision = "allow";
    }
  }
  return decision;
}

/** Decides by a policy that names principals: a trust policy, or one of a resource. */
export function decideTrust(policy: Policy, assumer: Assumer, request: PolicyRequest): TrustDecision {
  let decision: TrustDecision = "undecided";
  const lookup = variablesOf(policy, request.context);
  for (const statement of policy.statements) {
    const match = matchPrincipal(statement.principals, assumer);
    if (match === "none" || !concerns(statement, request, lookup)) continue;
    if (statement.effect === "Deny") return "deny";
    if (match === "self") decision = "allow";
    else if (decision === "undecided") decision = "delegate";
  }
  return decision;
}

function variablesOf(policy: Policy, context: ConditionContext): Lookup | undefined {
  return policy.hasVariables ? (key) => context.get(key.toLowerCase())?.[0] : undefined;
}

function concerns(statement: Statement, request: PolicyRequest, lookup: Lookup | undefined): boolean {
  const action = request.action.toLowerCase();
  const { actions, resources, conditions } = statement;
  if (actions.values.some((pattern) => matchesPattern(pattern, action, undefined)) === actions.isNegated)
    return false;
  if (
    resources !== undefined &&
    resources.values.some((pattern) => matchesResource(pattern, request.resourceArn, lookup)) ===
      resources.isNegated
  ) {
    return false;
  }
  return conditions.every((condition) => meetsCondition(condition, request.context, lookup));
}

/** Actions that concern no resource in particular are asked about as `*`, which only `*` covers. */
function matchesResource(pattern: string, resourceArn: string, lookup: Lookup | undefined): boolean {
  return pattern === "*" || matchesArn(pattern, resourceArn, lookup);
}

function matchPrincipal(principals: Principals | undefined, assumer: Assumer): "self" | "account" | "none" {
  if (principals === undefined) return "none";
  const match = matchNamed(principals, assumer);
  if (!principals.isNegated) return match;
  return match === "none" ? "self" : "none";
}

function matchNamed(principals: Principals, assumer: Assumer): "self" | "account" | "none" {
  if (assumer.kind === "service") return principals.services.includes(assumer.service) ? "self" : "none";
  if (principals.aws.some((name) => name === "*" || assumer.arns.includes(name))) return "self";
  const accountNames = [assumer.account, `arn:aws:iam::${assumer.account}:root`];
  return principals.aws.some((name) => accountNames.includes(name)) ? "account" : "none";
}

/**
 * @param document - a JSON text, or the object it would parse to
 * @throws {IdentityError} `MalformedPolicyDocument`, saying what IAM would not accept
 */
export function parsePolicy(document: unknown, kind: PolicyKind): Policy {
  const policy = parseDocument(document);
  refuseUnknownMembers(policy, ["Version", "Id", "Statement"]);
  const version = policy["Version"] ?? "2008-10-17";
  if (version !== "2012-10-17" && version !== "2008-10-17") {
    malformed("The policy must contain a valid version string");
  }
  const statements = listOf(policy["Statement"]);
  if (statements.length === 0) malformed("Syntax errors in policy: Statement is missing.");
  return {
    statements: statements.map((statement) => parseStatement(statement, kind)),
    hasVariables: version === "2012-10-17",
  };
}

/** The object that a policy document stands for, whether it came as a JSON text or already parsed. */
export function parseDocument(document: unknown): Record<string, unknown> {
  let value = document;
  if (typeof document === "string") {
    try {
      value = JSON.parse(document);
    } catch {
      malformed("This policy contains invalid Json");
    }
  }
  return isObject(value) ? value : malformed("Syntax errors in policy: it is not a JSON object.");
}

function parseStatement(value: unknown, kind: PolicyKind): Statement {
  if (!isObject(value)) return malformed("Syntax errors in policy: a statement is not a JSON object.");
  refuseUnknownMembers(value, [
    ...[
      "Sid",
      "Effect",
      "Principal",
      "NotPrincipal",
      "Action",
      "NotAction",
      "Resource",
      "NotResource",
      "Condition",
    ],
  ]);
  const effect = value["Effect"];
  if (effect === undefined) malformed("Missing required field Effect");
  if (effect !== "Allow" && effect !== "Deny")
    return malformed("Syntax errors in policy: Effect must be Allow or Deny.");
  return {
    effect,
    actions: parseActions(value, kind),
    resources: kind === "trust" ? refuseResources(value) : parseResources(value),
    principals: kind === "identity" ? refusePrincipals(value) : parsePrincipals(value),
    conditions: parseConditions(value["Condition"]),
  };
}

function parseActions(statement: Record<string, unknown>, kind: PolicyKind): Patterns {
  const actions = parsePatterns(statement, "Action", "NotAction");
  if (actions === undefined) return malformed("Policy statement must contain actions.");
  for (const action of actions.values) {
    if (action !== "*" && !/^[\w*?-]+:[\w*?]+$/.test(action)) {
      malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
    }
    if (kind === "trust" && !/^sts:/i.test(action)) {
      malformed("AssumeRole policy may only specify STS AssumeRole actions.");
    }
  }
  return { ...actions, values: actions.values.map((action) => action.toLowerCase()) };
}

function parseResources(statement: Record<string, unknown>): Patterns {
  const resources = parsePatterns(statement, "Resource", "NotResource");
  if (resources === undefined) return malformed("Policy statement must contain resources.");
  for (const resource of resources.values) {
    if (resource !== "*" && splitArn(resource) === undefined) {
      malformed(`Resource ${resource} must be in ARN format or "*".`);
    }
  }
  return resources;
}

function refuseResources(statement: Record<string, unknown>): undefined {
  if ("Resource" in statement || "NotResource" in statement) malformed("Has prohibited field Resource");
  return undefined;
}

function refusePrincipals(statement: Record<string, unknown>): undefined {
  if ("Principal" in statement || "NotPrincipal" in statement) {
    malformed("Policy document should not specify a principal.");
  }
  return undefined;
}

function parsePrincipals(statement: Record<string, unknown>): Principals {
  const isNegated = "NotPrincipal" in statement;
  const value = isNegated ? statement["NotPrincipal"] : statement["Principal"];
  if (value === undefined) return malformed("Missing required field Principal");
  if (value === "*") return { isNegated, aws: ["*"], services: [] };
  if (!isObject(value)) return malformed("Invalid principal in policy.");
  refuseUnknownMembers(value, ["AWS", "Service", "Federated", "CanonicalUser"]);
  const aws = textsOf(value["AWS"], "Invalid principal in policy.");
  for (const name of aws) {
    if (name !== "*" && !/^\d{12}$/.test(name) && splitArn(name) === undefined) {
      malformed(`Invalid principal in policy: "AWS":"${name}"`);
    }
  }
  return { isNegated, aws, services: textsOf(value["Service"], "Invalid principal in policy.") };
}

function parsePatterns(
  statement: Record<string, unknown>,
  name: string,
  negation: string,
): Patterns | undefined {
  if (name in statement && negation in statement)
    malformed(`Statement cannot contain both ${name} and ${negation}.`);
  const isNegated = negation in statement;
  const values = textsOf(
    statement[isNegated ? negation : name],
    `Syntax errors in policy: ${name} is not a text or a list of texts.`,
  );
  return values.length === 0 ? undefined : { isNegated, values };
}

function parseConditions(value: unknown): readonly Condition[] {
  if (value === undefined) return [];
  if (!isObject(value)) return malformed("Syntax errors in policy: Condition is not a JSON object.");
  return Object.entries(value).flatMap(([operator, keys]) => {
    if (!isObject(keys)) return malformed(`Syntax errors in policy: ${operator} is not a JSON object.`);
    return Object.entries(keys).map(([key, values]) => {
      const condition = parseCondition(operator, key, conditionValues(values));
      return condition ?? malformed(`Invalid Condition type : ${operator}.`);
    });
  });
}

/** Policies write `"Bool": {"aws:SecureTransport": true}` and numbers without quotes as well. */
function conditionValues(value: unknown): readonly string[] {
  return listOf(value).map((item) =>
    typeof item === "string" || typeof item === "boolean" || typeof item === "number"
      ? String(item)
      : malformed("Syntax errors in policy: a condition value is not a text, number or boolean."),
  );
}

function textsOf(value: unknown, complaint: string): readonly string[] {
  return listOf(value).map((item) => (typeof item === "string" ? item : malformed(complaint)));
}

/** Where policies take one value, they take a list as well. */
function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as unknown[]) : [value];
}

function refuseUnknownMembers(value: Record<string, unknown>, known: readonly string[]): void {
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown !== undefined) malformed(`Syntax errors in policy: unknown member ${unknown}.`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function malformed(message: string): never {
  throw new IdentityError("MalformedPolicyDocument", message);
}
