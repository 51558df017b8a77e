/** Builds the local Lambda from its parts. */

import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Identities } from "@dsql-local/account";
import type { Log } from "@dsql-local/cluster";
import { type Authorizer, createAuthorizer, type DescribeResource } from "../authorization.ts";
import { type Service, ServiceError } from "../service.ts";
import {
  EventInvokeConfigs,
  FunctionUrlRequests,
  FunctionUrls,
  Permissions,
  ProvisionedConcurrency,
} from "./access/index.ts";
import { LambdaApi } from "./api/index.ts";
import { Concurrency } from "./concurrency.ts";
import { runtimeVariables } from "./configuration.ts";
import { EventQueue } from "./events/index.ts";
import type { LambdaFacts } from "../permissions/index.ts";
import { parseFunctionName } from "./function-name.ts";
import { FunctionStore } from "./function-store.ts";
import { Functions, type FetchObject } from "./functions.ts";
import { Invoker } from "./invoker.ts";
import { concurrentInvocationsMax, threadHeapMbDefault } from "./limits.ts";
import { RoleCredentials } from "./role-credentials.ts";
import type { FunctionConfiguration, InvokeInput, InvokeOutput } from "./types.ts";

export interface LambdaOptions {
  /** Functions are kept in `<dataDir>/lambda`, logs in `<dataDir>/logs`. */
  readonly dataDir: string;
  readonly account: string;
  readonly region: string;
  readonly identities: Identities;
  /** Where `<cluster>.dsql.<region>.on.aws` leads from inside a function; read whenever a thread starts. */
  readonly clusterAccess: { readonly host: string; readonly port: number; readonly caFile: string };
  /** The local endpoint, `AWS_ENDPOINT_URL` inside functions; known when the endpoint listens. */
  readonly awsEndpoint?: () => string | undefined;
  /** Where functions of custom resources answer, and the authority that vouches for it; read whenever a thread starts. */
  readonly customResourceResponses?: { readonly port: number; readonly caFile: string };
  /** Resources of other services, whose policies have a say. */
  readonly describeResource?: DescribeResource;
  /** Reads a zip that was deployed through S3. */
  readonly fetchObject: FetchObject;
  readonly log: Log;
  /** Concurrent invocations, and with them environments, of the account; 1,000 by default as in AWS. */
  readonly environmentsMax?: number;
  /** Worker threads of each function version; one fewer than the machine has cores by default. */
  readonly threads?: number;
  /** MiB of heap that a worker thread may fill before its function fails for want of memory; 2,048 by default. */
  readonly threadHeapMb?: number;
}

type ControlOperations = Pick<
  Functions,
  | "createFunction"
  | "getFunction"
  | "getFunctionConfiguration"
  | "listFunctions"
  | "updateFunctionCode"
  | "updateFunctionConfiguration"
  | "deleteFunction"
  | "publishVersion"
  | "listVersions"
  | "createAlias"
  | "getAlias"
  | "updateAlias"
  | "deleteAlias"
  | "listTags"
  | "tagResource"
  | "untagResource"
  | "putFunctionConcurrency"
  | "deleteFunctionConcurrency"
>;

export interface Lambda extends Service {
  /** The control operations, for CloudFormation; arguments are Lambda's own. */
  readonly functions: ControlOperations;
  readonly permissions: Permissions;
  readonly provisionedConcurrency: ProvisionedConcurrency;
  readonly urls: FunctionUrls;
  readonly eventInvokeConfigs: EventInvokeConfigs;
  /** Serves what comes to functions' addresses. */
  readonly urlRequests: FunctionUrlRequests;
  readonly createFunction: Functions["createFunction"];
  readonly updateFunctionCode: Functions["updateFunctionCode"];
  readonly updateFunctionConfiguration: Functions["updateFunctionConfiguration"];
  readonly deleteFunction: Functions["deleteFunction"];
  readonly getFunction: Functions["getFunction"];
  /** @throws {ServiceError} it is no name of a function, or names two qualifiers */
  readonly functionArn: LambdaFacts["functionArn"];
  invoke(input: InvokeInput): Promise<InvokeOutput>;
  /** Makes the environments that provisioned concurrency asks for; the endpoint's address must be known by then. */
  start(): void;
  /** Ends all environments; what is under way fails. */
  stop(): Promise<void>;
}

/** @throws {Error} a function's config.json is damaged */
export function createLambda(options: LambdaOptions): Lambda {
  const { account, region, identities, log } = options;
  const store = new FunctionStore(join(options.dataDir, "lambda"));
  const credentials = new RoleCredentials(identities);
  const concurrency = new Concurrency(options.environmentsMax ?? concurrentInvocationsMax);
  const events = new EventQueue(log);
  const describe: DescribeResource = (arn) =>
    arn.startsWith("arn:aws:lambda:")
      ? { tags: store.find(arn.split(":")[6] ?? "")?.tags }
      : options.describeResource?.(arn);
  const authorizer = createAuthorizer(identities, region, describe);
  const invoker = new Invoker({
    version: (functionName, qualifier) => functions.versionToRun(functionName, qualifier),
    isCurrent: (configuration) => isCurrent(store, configuration),
    poolOptions: (configuration) => poolOptions(options, store, configuration),
    provisioned: () => provisionedVersions(functions, store),
    credentials,
    concurrency,
    events,
    eventSettings: (functionName, qualifier) => eventInvokeConfigs.settingsOf(functionName, qualifier),
    mayTell: (configuration, destinationArn) => mayTell(authorizer, log, configuration, destinationArn),
  });
  const functions = new Functions({
    account,
    region,
    store,
    credentials,
    concurrency,
    fetchObject: options.fetchObject,
    onChanged: () => {
      invoker.retireOutdated();
      invoker.provision();
    },
  });
  const permissions = new Permissions({ functions, store });
  const eventInvokeConfigs = new EventInvokeConfigs({ functions, store });
  const provisionedConcurrency = new ProvisionedConcurrency({
    functions,
    store,
    concurrency,
    environments: invoker,
  });
  const endpoint = (): string => options.awsEndpoint?.() ?? "";
  const urls = new FunctionUrls({ functions, store, endpoint });
  const invoke = (input: InvokeInput): Promise<InvokeOutput> => invoker.invoke(input);
  const functionArn: LambdaFacts["functionArn"] = (name, qualifier) =>
    qualifiedArn(functions, name, qualifier);
  const access = { account, authorize: authorizer, facts: { functionArn } };
  const api = new LambdaApi({
    functions,
    permissions,
    provisionedConcurrency,
    urls,
    eventInvokeConfigs,
    concurrency,
    access,
    invoke,
  });
  return {
    functions,
    permissions,
    provisionedConcurrency,
    urls,
    eventInvokeConfigs,
    urlRequests: new FunctionUrlRequests({ urls, invoke, access, account, region }),
    createFunction: (input) => functions.createFunction(input),
    updateFunctionCode: (input) => functions.updateFunctionCode(input),
    updateFunctionConfiguration: (input) => functions.updateFunctionConfiguration(input),
    deleteFunction: (name, qualifier) => functions.deleteFunction(name, qualifier),
    getFunction: (name, qualifier) => functions.getFunction(name, qualifier),
    functionArn,
    invoke,
    handle: (request) => api.handle(request),
    start: () => invoker.provision(),
    stop: () => invoker.stop(),
  };
}

function qualifiedArn(functions: Functions, functionName: string, qualifier: string | undefined): string {
  const reference = parseFunctionName(functionName, qualifier);
  const arn = functions.functionArn(reference.name);
  return reference.qualifier === undefined ? arn : `${arn}:${reference.qualifier}`;
}

/** One core is left to the main thread, which serves the endpoint and the cluster. */
function defaultThreads(): number {
  return Math.max(1, availableParallelism() - 1);
}

/** The role must allow it, as it must when a function invokes another one itself. A refusal shows in the log alone. */
function mayTell(
  authorizer: Authorizer,
  log: Log,
  { FunctionName: functionName, Role: role }: FunctionConfiguration,
  destinationArn: string,
): boolean {
  const caller = { accessKeyId: "", principalArn: role, callerArn: role };
  try {
    authorizer(caller, "lambda:InvokeFunction", destinationArn);
    return true;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    log({ event: "lambda.destination-refused", functionName, role, destinationArn });
    return false;
  }
}

function isCurrent(store: FunctionStore, configuration: FunctionConfiguration): boolean {
  const record = store.find(configuration.FunctionName);
  return record !== undefined && (record.latest === configuration || record.versions.includes(configuration));
}

/** By the versions that the names of provisioned concurrency lead to now. */
function provisionedVersions(functions: Functions, store: FunctionStore): Map<FunctionConfiguration, number> {
  const wanted = new Map<FunctionConfiguration, number>();
  for (const { latest, provisionedConcurrency = {} } of store.all()) {
    for (const [qualifier, request] of Object.entries(provisionedConcurrency)) {
      const version = functions.version(latest.FunctionName, qualifier);
      const count = request.RequestedProvisionedConcurrentExecutions;
      wanted.set(version, (wanted.get(version) ?? 0) + count);
    }
  }
  return wanted;
}

function poolOptions(options: LambdaOptions, store: FunctionStore, configuration: FunctionConfiguration) {
  const { clusterAccess, customResourceResponses: responses, region } = options;
  const { FunctionName, LoggingConfig } = configuration;
  const taskRoot = store.codeFolder(FunctionName, configuration.CodeSha256);
  return {
    functionName: FunctionName,
    settings: {
      functionName: FunctionName,
      // The context shows the ARN that was invoked: without a qualifier unless the caller gave one.
      functionArn: configuration.FunctionArn.split(":").slice(0, 7).join(":"),
      version: configuration.Version,
      handler: configuration.Handler,
      runtime: configuration.Runtime,
      memoryMb: configuration.MemorySize,
      timeoutMs: configuration.Timeout * 1_000,
      taskRoot,
      log: {
        group: LoggingConfig.LogGroup,
        directory: join(options.dataDir, "logs"),
        isJson: LoggingConfig.LogFormat === "JSON",
      },
    },
    variables: runtimeVariables(configuration, { region, taskRoot, awsEndpoint: options.awsEndpoint?.() }),
    clusterVariables: {
      DSQL_LOCAL_HOST: clusterAccess.host,
      DSQL_LOCAL_PORT: String(clusterAccess.port),
      DSQL_LOCAL_CA_FILE: clusterAccess.caFile,
      ...(responses === undefined
        ? {}
        : {
            DSQL_LOCAL_RESPONSES_PORT: String(responses.port),
            DSQL_LOCAL_RESPONSES_CA_FILE: responses.caFile,
          }),
    },
    threadsMax: options.threads ?? defaultThreads(),
    heapMbMax: options.threadHeapMb ?? threadHeapMbDefault,
  };
}
