/** Builds the services, puts them behind one endpoint, starts and stops them in order. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";

import type { Log, PortChoice } from "@dsql-local/cluster";

import { createAuthorizer, type DescribeResource } from "./authorization.ts";
import type { CloudCluster } from "./cloud-cluster.ts";
import { ResponseListener } from "./cloudformation/index.ts";
import { ClusterRecords, createDsql, describeCluster, DsqlControlPlane } from "./dsql/index.ts";
import { Endpoint, type OfferedService } from "./endpoint.ts";
import { createIam, CustomerPolicies } from "./iam/index.ts";
import {
  createRegionalServices,
  type RegionalServiceName,
  type SharedServices,
} from "./regional-services.ts";
import {
  type ConsoleParts,
  ObservationApi,
  type ObservedCluster,
  openApiSecrets,
} from "./observation-api/index.ts";
import { Regions } from "./regions.ts";
import { createS3 } from "./s3/index.ts";
import { SignatureVerifier } from "./signature.ts";
import { createSts } from "./sts.ts";

export interface CloudOptions {
  readonly cluster: CloudCluster;
  /** 0, the default, takes a free one; of several the first that is free is taken. */
  readonly port?: PortChoice;
  /** Where stacks, objects and functions are kept; made if it is not there. */
  readonly dataDir: string;
  /** The home Region: of the cluster that the data directory begins with, and of whoever names no other. */
  readonly region: string;
  readonly log: Log;
  /** What `/_dsql/` shows and changes; without it there is none. */
  readonly observed?: ObservedCluster;
  /** The console's page and the requests that it makes beyond those; without it there is no page. */
  readonly console?: ConsoleParts;
  readonly lambda?: { readonly environmentsMax?: number; readonly threads?: number };
}

export interface Cloud {
  /** Resolves when the endpoint accepts requests and the account is bootstrapped. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** `http://127.0.0.1:<port>`; known once started. */
  readonly endpoint: string;
  readonly port: number;
  /** The console's address, which signs a browser in; undefined where there is no console. */
  readonly consoleUrl: string | undefined;
}

export function createCloud(options: CloudOptions): Cloud {
  return new LocalCloud(options);
}

interface Parts {
  readonly regions: Regions;
  readonly customResourceResponses: ResponseListener;
  readonly endpoint: Endpoint;
  /** Of the console's address. */
  readonly token: string | undefined;
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

  get consoleUrl(): string | undefined {
    const token = this.#parts?.token;
    return token === undefined ? undefined : `${this.endpoint}/_dsql/?token=${token}`;
  }

  async start(): Promise<void> {
    if (this.#parts !== undefined) throw new Error("the cloud is running already");
    mkdirSync(this.#options.dataDir, { recursive: true });
    const parts = this.#build();
    this.#parts = parts;
    try {
      this.#port = await parts.endpoint.listen(this.#options.port ?? 0);
      await parts.customResourceResponses.listen();
      await parts.regions.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** The endpoint first, so that nothing new begins; then deployments and functions, which it still answers. */
  async stop(): Promise<void> {
    const parts = this.#parts;
    this.#parts = undefined;
    if (parts === undefined) return;
    const closed = parts.endpoint.close();
    await parts.regions.stop();
    await parts.customResourceResponses.close();
    await closed;
  }

  #build(): Parts {
    const { cluster, dataDir, region, log, observed, console } = this.#options;
    const secrets = openApiSecrets(dataDir);
    const { account, identities } = cluster;
    const policies = new CustomerPolicies({ dataDir, identities });
    const records = new ClusterRecords(join(dataDir, "dsql.json"));
    const dsql = new DsqlControlPlane({ clusters: cluster.clusters, account, records });
    // What decides needs the resources, and what has the resources needs to decide: by the first request all are there.
    const describeResource: DescribeResource = (arn) => s3.describe(arn) ?? describeCluster(dsql, arn);
    const authorize = createAuthorizer(identities, region, describeResource);
    const s3 = createS3({ dataDir, region, account, authorize });
    const customResourceResponses = new ResponseListener({ dataDir, region });
    const shared: SharedServices = {
      account,
      identities,
      policies,
      dsql,
      s3,
      describeResource,
      customResourceResponses,
      clusterAccess: { host: cluster.host, port: cluster.port, caFile: cluster.caFile },
      awsEndpoint: () => this.endpoint,
      log,
      lambdaBounds: this.#options.lambda ?? {},
    };
    const regions = new Regions({
      home: region,
      dataDir,
      create: (name, folder) => createRegionalServices(name, folder, shared),
      administrator: identities.administrator,
    });
    const regional = (
      name: RegionalServiceName,
      protocol: OfferedService["protocol"],
    ): Record<string, OfferedService> => ({
      [name]: { protocol, serviceIn: (signed) => regions.service(name, signed) },
    });
    const controlPlane = createDsql(dsql, authorize);
    const iam = createIam({ identities, policies, authorize });
    const sts = createSts(identities, authorize);
    const endpoint = new Endpoint({
      services: {
        ...regional("cloudformation", "query"),
        dsql: { protocol: "restJson", serviceIn: () => controlPlane },
        ...regional("ecr", "json"),
        iam: { protocol: "query", serviceIn: () => iam, isGlobal: true },
        ...regional("lambda", "restJson"),
        ...regional("logs", "json"),
        ...regional("ssm", "json"),
        sts: { protocol: "query", serviceIn: () => sts, isGlobal: true },
      },
      s3,
      functionUrls: { handle: (request, caller) => regions.handleFunctionUrl(request, caller) },
      httpApis: { handle: (request) => regions.handleHttpApi(request) },
      signatures: new SignatureVerifier(identities),
      observation: observed && new ObservationApi(observed, secrets, console),
      log,
    });
    return { regions, customResourceResponses, endpoint, token: console && secrets.token };
  }
}
