/** Builds the services, puts them behind one endpoint, starts and stops them in order. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";

import type { Log } from "@dsql-local/cluster";

import { createAuthorizer } from "./authorization.ts";
import { bootstrapAccount } from "./bootstrap.ts";
import type { CloudCluster } from "./cloud-cluster.ts";
import {
  createCloudFormation,
  createResourceTypes,
  ResponseListener,
  type CloudFormation,
} from "./cloudformation/index.ts";
import { ClusterRecords, createDsql, DsqlControlPlane } from "./dsql/index.ts";
import { createEcr, Repositories } from "./ecr.ts";
import { Endpoint, type OfferedService } from "./endpoint.ts";
import { createIam, CustomerPolicies } from "./iam/index.ts";
import { createLambda, type Lambda } from "./lambda/index.ts";
import { createLogs, LogGroups } from "./logs/index.ts";
import { createS3, type S3 } from "./s3/index.ts";
import { SignatureVerifier } from "./signature.ts";
import { createSsm, ParameterStore } from "./ssm.ts";
import { createSts } from "./sts.ts";

export interface CloudOptions {
  readonly cluster: CloudCluster;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Where stacks, objects and functions are kept; made if it is not there. */
  readonly dataDir: string;
  readonly region: string;
  readonly log: Log;
  readonly lambda?: { readonly environmentsMax?: number; readonly threads?: number };
}

export interface Cloud {
  /** Resolves when the endpoint accepts requests and the account is bootstrapped. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** `http://127.0.0.1:<port>`; known once started. */
  readonly endpoint: string;
  readonly port: number;
}

export function createCloud(options: CloudOptions): Cloud {
  return new LocalCloud(options);
}

interface Parts {
  readonly lambda: Lambda;
  readonly cloudFormation: CloudFormation;
  readonly customResourceResponses: ResponseListener;
  readonly endpoint: Endpoint;
}

class LocalCloud implements Cloud {
  readonly #options: CloudOptions;
  #parts: Parts | undefined;
  #port = 0;

  constructor(options: CloudOptions) {
    this.#options = options;
  }

  get port(): number {
    return this.#port;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    if (this.#parts !== undefined) throw new Error("the cloud is running already");
    mkdirSync(this.#options.dataDir, { recursive: true });
    const parts = this.#build();
    this.#parts = parts;
    try {
      this.#port = await parts.endpoint.listen(this.#options.port ?? 0);
      await parts.customResourceResponses.listen();
      parts.cloudFormation.start();
      const { accessKeyId, principalArn, callerArn } = this.#options.cluster.identities.administrator;
      await bootstrapAccount(
        parts.cloudFormation,
        { accessKeyId, principalArn, callerArn },
        this.#options.region,
      );
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** The endpoint first, so that nothing new begins; then deployments, which use Lambda; then Lambda. */
  async stop(): Promise<void> {
    const parts = this.#parts;
    this.#parts = undefined;
    if (parts === undefined) return;
    const closed = parts.endpoint.close();
    await parts.cloudFormation.stop();
    await parts.lambda.stop();
    await parts.customResourceResponses.close();
    await closed;
  }

  #build(): Parts {
    const { cluster, dataDir, region, log } = this.#options;
    const { account, identities } = cluster;
    const authorize = createAuthorizer(identities, region);
    const s3 = createS3({ dataDir, region, authorize });
    const parameters = new ParameterStore(dataDir);
    const repositories = new Repositories(dataDir);
    const logGroups = new LogGroups(dataDir);
    const policies = new CustomerPolicies({ dataDir, identities });
    const records = new ClusterRecords(join(dataDir, "dsql.json"));
    const dsql = new DsqlControlPlane({ clusters: cluster.clusters, account, records });
    const customResourceResponses = new ResponseListener({ dataDir, region });
    const lambda = this.#createLambda(s3, customResourceResponses);
    const cloudFormation = createCloudFormation({
      dataDir,
      account,
      region,
      log,
      authorize,
      readers: {
        objectText: (url) => s3.objectText(url),
        ssmValue: (name) => parameters.find(name)?.value,
        isAssumable: (roleArn) => identities.getRole(roleArn) !== undefined,
      },
      resourceTypes: createResourceTypes({
        account,
        customResourceResponses,
        dsql,
        identities,
        lambda,
        logGroups,
        objects: s3.store,
        parameters,
        policies,
        region,
        repositories,
      }),
    });
    const services: Readonly<Record<string, OfferedService>> = {
      cloudformation: { service: cloudFormation, protocol: "query" },
      dsql: { service: createDsql(dsql, authorize), protocol: "restJson", isInEveryRegion: true },
      ecr: { service: createEcr({ repositories, account, region, authorize }), protocol: "json" },
      iam: { service: createIam({ identities, policies, authorize }), protocol: "query", isGlobal: true },
      lambda: { service: lambda, protocol: "restJson" },
      logs: { service: createLogs({ groups: logGroups, account, region, authorize }), protocol: "json" },
      ssm: { service: createSsm({ store: parameters, account, region, authorize }), protocol: "json" },
      sts: { service: createSts(identities), protocol: "query", isGlobal: true },
    };
    const endpoint = new Endpoint({
      services,
      s3,
      functionUrls: lambda.urlRequests,
      signatures: new SignatureVerifier(identities),
      region,
      log,
    });
    return { lambda, cloudFormation, customResourceResponses, endpoint };
  }

  #createLambda(s3: S3, customResourceResponses: ResponseListener): Lambda {
    const { cluster, dataDir, region, log, lambda } = this.#options;
    return createLambda({
      dataDir,
      account: cluster.account,
      region,
      identities: cluster.identities,
      clusterAccess: { host: cluster.host, port: cluster.port, caFile: cluster.caFile },
      awsEndpoint: () => this.endpoint,
      customResourceResponses,
      fetchObject: ({ bucket, key }) => s3.objectBytes(bucket, key),
      log,
      ...(lambda?.environmentsMax === undefined ? {} : { environmentsMax: lambda.environmentsMax }),
      ...(lambda?.threads === undefined ? {} : { threads: lambda.threads }),
    });
  }
}
