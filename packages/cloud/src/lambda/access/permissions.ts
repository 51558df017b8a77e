/**
 * A function's resource policy: who outside the account's own policies may invoke it.
 *
 * It decides who may call the function's addresses, and which HTTP API may invoke it. Everybody else is of the local account, whose identities' policies
 * decide; what else the policy says is kept and shown.
 *
 * Source: AWS Lambda Developer Guide, "Using resource-based IAM policies in Lambda" and "Control access to Lambda
 * function URLs"; API Reference, "AddPermission".
 */

import { matchesArn } from "@dsql-local/account";
import { conflict, resourceNotFound } from "../errors.ts";
import { parseFunctionName } from "../function-name.ts";
import type { FunctionRecord, FunctionStore, PolicyStatement } from "../function-store.ts";
import type { Functions } from "../functions.ts";
import type { PermissionInput } from "../types.ts";

export class Permissions {
  readonly #functions: Functions;
  readonly #store: FunctionStore;

  constructor(options: { functions: Functions; store: FunctionStore }) {
    this.#functions = options.functions;
    this.#store = options.store;
  }

  /** @throws {ServiceError} ResourceConflictException: there is a statement of this id */
  add(input: PermissionInput): { Statement: string } {
    const record = this.#functions.record(input.FunctionName);
    if (record.policy.some(({ Sid }) => Sid === input.StatementId)) {
      throw conflict(
        `The statement id (${input.StatementId}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
      );
    }
    const { qualifier } = parseFunctionName(input.FunctionName, input.Qualifier);
    const statement = policyStatement(input, resourceOf(record, qualifier));
    this.#store.put({ ...record, policy: [...record.policy, statement] });
    return { Statement: JSON.stringify(statement) };
  }

  /** @throws {ServiceError} ResourceNotFoundException: there is none */
  policy(functionName: string): { Policy: string; RevisionId: string } {
    const { latest, policy } = this.#functions.record(functionName);
    if (policy.length === 0) throw resourceNotFound("The resource you requested does not exist.");
    const document = { Version: "2012-10-17", Id: "default", Statement: policy };
    return { Policy: JSON.stringify(document), RevisionId: latest.RevisionId };
  }

  /** @param functionArn - with its qualifier, if it has one. @returns false also where there is no such function */
  letsServiceIn(functionArn: string, asking: AskingService): boolean {
    const { name, qualifier } = parseFunctionName(functionArn, undefined);
    const record = this.#store.find(name);
    if (record === undefined) return false;
    const resource = resourceOf(record, qualifier);
    return record.policy.some((statement) => isLetIn(statement, resource, asking));
  }

  /** @throws {ServiceError} ResourceNotFoundException */
  remove(functionName: string, statementId: string): void {
    const record = this.#functions.record(functionName);
    const policy = record.policy.filter(({ Sid }) => Sid !== statementId);
    if (policy.length === record.policy.length) {
      throw resourceNotFound(`Statement ${statementId} is not found in resource policy.`);
    }
    this.#store.put({ ...record, policy });
  }
}

/** Who asks in an AWS service's name. */
export interface AskingService {
  /** `apigateway.amazonaws.com` */
  readonly service: string;
  /** On behalf of which of its resources. */
  readonly sourceArn: string;
  readonly account: string;
}

function isLetIn(statement: PolicyStatement, resource: string, asking: AskingService): boolean {
  const { Action, Principal, Resource, Condition } = statement;
  const isMeant = Action === "lambda:InvokeFunction" || Action === "lambda:*";
  const { Service } = (typeof Principal === "object" ? Principal : {}) as { Service?: unknown };
  if (!isMeant || Resource !== resource || (Principal !== "*" && Service !== asking.service)) return false;
  const { ArnLike, StringEquals } = (Condition ?? {}) as Record<string, Record<string, string> | undefined>;
  const arnPattern = ArnLike?.["AWS:SourceArn"];
  const account = StringEquals?.["AWS:SourceAccount"];
  return (
    (arnPattern === undefined || matchesArn(arnPattern, asking.sourceArn, undefined)) &&
    (account === undefined || account === asking.account)
  );
}

/** Whether everybody may call this address of the function: what AuthType NONE needs besides. */
export function isUrlPublic(record: FunctionRecord, qualifier: string | undefined): boolean {
  const resource = resourceOf(record, qualifier);
  return record.policy.some(
    ({ Action, Principal, Resource }) =>
      Action === "lambda:InvokeFunctionUrl" && Principal === "*" && Resource === resource,
  );
}

function resourceOf({ latest }: FunctionRecord, qualifier: string | undefined): string {
  return qualifier === undefined ? latest.FunctionArn : `${latest.FunctionArn}:${qualifier}`;
}

function policyStatement(input: PermissionInput, resource: string): PolicyStatement {
  const condition = conditionOf(input);
  return {
    Sid: input.StatementId,
    Effect: "Allow",
    Principal: principalOf(input.Principal),
    Action: input.Action,
    Resource: resource,
    ...(Object.keys(condition).length === 0 ? {} : { Condition: condition }),
  };
}

function principalOf(principal: string): unknown {
  if (principal === "*") return "*";
  if (principal.endsWith(".amazonaws.com")) return { Service: principal };
  return { AWS: /^\d{12}$/.test(principal) ? `arn:aws:iam::${principal}:root` : principal };
}

function conditionOf(input: PermissionInput): Record<string, unknown> {
  const { SourceAccount, SourceArn, FunctionUrlAuthType, InvokedViaFunctionUrl } = input;
  const equals = {
    ...(SourceAccount === undefined ? {} : { "AWS:SourceAccount": SourceAccount }),
    ...(FunctionUrlAuthType === undefined ? {} : { "lambda:FunctionUrlAuthType": FunctionUrlAuthType }),
  };
  return {
    ...(Object.keys(equals).length === 0 ? {} : { StringEquals: equals }),
    ...(SourceArn === undefined ? {} : { ArnLike: { "AWS:SourceArn": SourceArn } }),
    ...(InvokedViaFunctionUrl === undefined
      ? {}
      : { Bool: { "lambda:InvokedViaFunctionUrl": String(InvokedViaFunctionUrl) } }),
  };
}
