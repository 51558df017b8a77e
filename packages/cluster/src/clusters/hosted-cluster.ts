/**
 * A cluster of this process: its names, whom it lets in, and the data set it stands on.
 *
 * Source: Aurora DSQL User Guide, "Accessing Aurora DSQL"; "Resource-based policies for Aurora DSQL".
 */
import { type Identities, parsePolicy, type Policy } from "@dsql-local/account";
import { signToken, verifyToken } from "../auth/index.ts";
import { type Log, systemClock } from "../base/index.ts";
import {
  type ArrivedConnection,
  isLocalName,
  type ListenedCluster,
  localName,
  type SessionHandle,
} from "../listener/index.ts";
import { Session } from "../session/index.ts";
import type { ClusterEntry } from "../storage/index.ts";
import type { DataSet } from "./data-set.ts";

/**
 *   waiting  of several Regions, and its peer is not there yet: it has no data and takes no clients
 *   opening  its data are being brought up; clients wait
 *   ready    it takes clients
 *   failed   its data cannot be brought up; the log says why
 *   deleted
 */
export type ClusterState = "waiting" | "opening" | "ready" | "failed" | "deleted";

export interface HostedCluster {
  /** 26 characters. */
  readonly id: string;
  readonly region: string;
  /** `<id>.dsql.<region>.on.aws` */
  readonly endpoint: string;
  readonly arn: string;
  readonly createdAtMs: number;
  readonly state: ClusterState;
  /** While it is opening: settles when that is over, and rejects if it failed. */
  readonly opening: Promise<void> | undefined;
  /** The resource-based policy, as it was given. */
  readonly policy: string | undefined;
  /** An IAM token, signed with the key of the local account's administrator. */
  token(options?: { user?: string; expiresInSeconds?: number }): string;
}

export class ClusterOnDataSet implements HostedCluster, ListenedCluster {
  readonly id: string;
  readonly region: string;
  readonly endpoint: string;
  readonly arn: string;
  readonly createdAtMs: number;
  readonly #identities: Identities;
  readonly #log: Log;
  #entry: ClusterEntry;
  #policy: Policy | undefined;
  #dataSet: DataSet | undefined;
  #state: ClusterState = "waiting";
  #opening: Promise<void> | undefined;

  constructor(entry: ClusterEntry, services: { identities: Identities; log: Log }) {
    this.id = entry.id;
    this.region = entry.region;
    this.endpoint = `${entry.id}.dsql.${entry.region}.on.aws`;
    this.arn = `arn:aws:dsql:${entry.region}:${services.identities.account}:cluster/${entry.id}`;
    this.createdAtMs = Date.parse(entry.createdAt);
    this.#identities = services.identities;
    this.#log = services.log;
    this.#entry = entry;
    this.#policy = readPolicy(entry.policy);
  }

  get entry(): ClusterEntry {
    return this.#entry;
  }

  /** What is kept of the cluster changes; its names do not. @throws {IdentityError} the policy is none */
  set entry(entry: ClusterEntry) {
    this.#policy = readPolicy(entry.policy);
    this.#entry = entry;
  }

  get state(): ClusterState {
    return this.#state === "waiting" && this.#entry.folder !== undefined ? "opening" : this.#state;
  }

  get policy(): string | undefined {
    return this.#entry.policy;
  }

  get dataSet(): DataSet | undefined {
    return this.#dataSet;
  }

  get opening(): Promise<void> | undefined {
    return this.#opening;
  }

  /** Begins to stand on a data set, which is started or being started. */
  open(dataSet: DataSet, started: Promise<void>): void {
    this.#dataSet = dataSet;
    this.#state = "opening";
    this.#opening = started.then(
      () => {
        this.#become("ready");
        this.#opening = undefined;
      },
      (error: unknown) => {
        this.#become("failed");
        throw error;
      },
    );
    this.#opening.catch(() => undefined); // Heard by those who wait.
  }

  fail(): void {
    this.#become("failed");
  }

  delete(): void {
    this.#state = "deleted";
  }

  #become(state: ClusterState): void {
    if (this.#state !== "deleted") this.#state = state;
  }

  token(options: { user?: string; expiresInSeconds?: number } = {}): string {
    return signToken({
      credential: this.#identities.administrator,
      host: this.endpoint,
      region: this.region,
      user: options.user ?? "admin",
      nowMs: systemClock.nowMs(),
      ...(options.expiresInSeconds !== undefined && { expiresInSeconds: options.expiresInSeconds }),
    });
  }

  readonly onSession = (connection: ArrivedConnection): SessionHandle => {
    const services = this.#dataSet?.services;
    if (services === undefined) throw new Error("the listener waits until the cluster has opened");
    const { serverName } = connection;
    const verify = (token: string, user: string) => this.#verify(token, user, serverName);
    return new Session(connection, { ...services, verifyToken: verify });
  };

  /** Who has come by the local name may have signed for that name, as a program does that knows one name only. */
  #verify(token: string, user: string, serverName: string | undefined): ReturnType<typeof verifyToken> {
    const isForLocalName =
      isLocalName(serverName ?? "") && new RegExp(`^(https://)?${localName}/`, "i").test(token);
    return verifyToken({
      token,
      user,
      host: isForLocalName ? localName : this.endpoint,
      region: this.region,
      clusterArn: this.arn,
      clusterPolicy: this.#policy,
      nowMs: systemClock.nowMs(),
      identities: this.#identities,
      log: this.#log,
    });
  }
}

function readPolicy(text: string | undefined): Policy | undefined {
  return text === undefined ? undefined : parsePolicy(text, "resource");
}
