/** A started cloud on a temporary folder, beside clusters that are only described: no test here connects to them. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  CloudFormationClient,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
} from "@aws-sdk/client-cloudformation";
import { AccountIdentities } from "@dsql-local/account";
import { systemClock, systemRandom } from "@dsql-local/cluster";

import { createCloud, type Cloud, type CloudCluster } from "../src/index.ts";
import { DescribedClusters } from "./described-clusters.ts";

export const region = "us-east-1";
export const clusterId = "abtestclusteridentifier234";

export interface StartedCloud {
  readonly cloud: Cloud;
  readonly cluster: CloudCluster;
  readonly identities: AccountIdentities;
  readonly dataDir: string;
  /** What an AWS SDK client of the administrator takes. */
  readonly client: ClientOptions;
  /** The client options of another credential. */
  clientOf(credential: ClientOptions["credentials"]): ClientOptions;
  /** Stops the cloud and starts another on the same folder and port. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface ClientOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly forcePathStyle: true;
  readonly maxAttempts: 3;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
}

export async function startCloud(): Promise<StartedCloud> {
  const dataDir = mkdtempSync(join(tmpdir(), "dsql-local-cloud-"));
  const caFile = join(dataDir, "ca.pem");
  writeFileSync(caFile, "");
  const identities = AccountIdentities.open({
    file: join(dataDir, "identities.json"),
    clock: systemClock,
    random: systemRandom,
  });
  const cluster: CloudCluster = {
    clusters: new DescribedClusters({ id: clusterId, region, account: identities.account }),
    account: identities.account,
    identities,
    host: "127.0.0.1",
    port: 5432,
    caFile,
  };
  const defects: unknown[] = [];
  const log = (event: { readonly event: string }): void => {
    if (event.event === "cloud.defect" || event.event === "cloudformation.operationFailed")
      defects.push(event);
  };
  const create = (port: number): Cloud =>
    createCloud({ cluster, port, dataDir: join(dataDir, "cloud"), region, log, lambda: { threads: 1 } });
  let cloud = create(0);
  await cloud.start();
  const clientOf = (credentials: ClientOptions["credentials"]): ClientOptions => ({
    endpoint: cloud.endpoint,
    region,
    forcePathStyle: true,
    maxAttempts: 3, // a restart closes kept connections, which a client finds out by using one
    credentials,
  });
  return {
    get cloud() {
      return cloud;
    },
    cluster,
    identities,
    dataDir,
    client: clientOf(identities.administrator),
    clientOf,
    restart: async () => {
      const { port } = cloud;
      await cloud.stop();
      cloud = create(port);
      await cloud.start();
    },
    close: async () => {
      await cloud.stop();
      rmSync(dataDir, { recursive: true, force: true });
      if (defects.length > 0) throw new Error(`the cloud reported defects: ${JSON.stringify(defects)}`);
    },
  };
}

/** Long enough for a slow machine; a stack that is not settled by then is stuck. */
const settleMsMax = 120_000;

/** Waits until a stack's operation has ended; gives its status, or `gone`. */
export async function settledStatus(client: CloudFormationClient, stack: string): Promise<string> {
  const deadlineMs = Date.now() + settleMsMax;
  for (;;) {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    const status = Stacks[0]?.StackStatus ?? "gone";
    if (!status.endsWith("_IN_PROGRESS") || status === "REVIEW_IN_PROGRESS") return status;
    if (Date.now() > deadlineMs) throw new Error(`stack ${stack} is still ${status}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** `<logical id> <status>` of each event, oldest first. */
export async function eventLines(client: CloudFormationClient, stack: string): Promise<readonly string[]> {
  const { StackEvents = [] } = await client.send(new DescribeStackEventsCommand({ StackName: stack }));
  return StackEvents.map(
    (event) => `${event.LogicalResourceId ?? ""} ${event.ResourceStatus ?? ""}`,
  ).reverse();
}
