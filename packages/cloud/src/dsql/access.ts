/**
 * Who may do what: the caller's own policies and the cluster's decide together, and a request may need several actions.
 *
 * Source: Aurora DSQL API Reference (2018-05-10), "Required permissions" of CreateCluster and UpdateCluster.
 */
import { parsePolicy, type Policy } from "@dsql-local/cluster";
import type { Authorizer } from "../authorization.ts";
import type { Caller } from "../service.ts";
import type { ClusterSettings, CreateRequest } from "./control-plane.ts";

export interface Question {
  readonly caller: Caller;
  readonly region: string;
  /** `dsql:` is put before it. */
  readonly action: string;
  readonly resourceArn: string;
  /** The resource-based policy of the cluster it is about. */
  readonly policy?: string | undefined;
  readonly context?: Readonly<Record<string, string>>;
}

export class Access {
  readonly #authorize: Authorizer;
  readonly #account: string;

  constructor(authorize: Authorizer, account: string) {
    this.#authorize = authorize;
    this.#account = account;
  }

  /** @throws {ServiceError} AccessDenied */
  demand({ caller, region, action, resourceArn, policy, context }: Question): void {
    this.#authorize(caller, `dsql:${action}`, resourceArn, {
      region,
      ...(context !== undefined && { context }),
      ...(policy !== undefined && { resourcePolicy: parsePolicy(policy, "resource") }),
    });
  }

  /** @returns whether the caller could still change the policy, once this one is in force */
  couldStillPut(question: Omit<Question, "action" | "policy">, policy: Policy): boolean {
    const { caller, region, resourceArn } = question;
    try {
      this.#authorize(caller, "dsql:PutClusterPolicy", resourceArn, { region, resourcePolicy: policy });
      return true;
    } catch {
      return false;
    }
  }

  demandCreate(question: Omit<Question, "action">, request: CreateRequest): void {
    this.demand({ ...question, action: "CreateCluster" });
    if (request.tags !== undefined) this.demand({ ...question, action: "TagResource" });
    if (request.policy !== undefined) this.demand({ ...question, action: "PutClusterPolicy" });
    this.#demandMultiRegion(question, request);
  }

  demandUpdate(question: Omit<Question, "action">, request: ClusterSettings): void {
    this.demand({ ...question, action: "UpdateCluster" });
    this.#demandMultiRegion(question, request);
    if (request.multiRegion?.clusters === undefined) return;
    const anywhere = `arn:aws:dsql:*:${this.#account}:cluster/*`;
    this.demand({ ...question, action: "RemovePeerCluster", resourceArn: anywhere, policy: undefined });
  }

  #demandMultiRegion(question: Omit<Question, "action">, { multiRegion }: ClusterSettings): void {
    if (multiRegion === undefined) return;
    this.demand({ ...question, action: "PutMultiRegionProperties" });
    const { witnessRegion, clusters = [] } = multiRegion;
    if (witnessRegion !== undefined)
      this.demand({
        ...question,
        action: "PutWitnessRegion",
        context: { "dsql:WitnessRegion": witnessRegion },
      });
    if (clusters.length > 0) this.demand({ ...question, action: "AddPeerCluster" });
    for (const resourceArn of clusters)
      this.demand({ ...question, action: "AddPeerCluster", resourceArn, policy: undefined });
  }
}
