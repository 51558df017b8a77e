/**
 * Invokes functions: admits by concurrency, finds or makes an environment, answers as Lambda answers.
 *
 * This is the load test's hot path. The main thread, which also serves the endpoint and the cluster, never parses a
 * payload and keeps no timer per invocation. Measured by packages/cloud/bench/invoke.bench.ts.
 */

import { randomUUID } from "node:crypto";
import type { Concurrency } from "./concurrency.ts";
import { EnvironmentPool, type PoolOptions, type Provisioning } from "./environment-pool.ts";
import { payloadNotJson, requestTooLarge, stopping, tooManyRequests } from "./errors.ts";
import { ServiceError } from "../service.ts";
import { type EventEnd, type EventQueue, eventRecord } from "./events/index.ts";
import { asynchronousPayloadBytesMax, runningVersionsMax, synchronousPayloadBytesMax } from "./limits.ts";
import type { RoleCredentials } from "./role-credentials.ts";
import type { Outcome } from "./runtime-thread.ts";
import type { EventInvokeSettings, FunctionConfiguration, InvokeInput, InvokeOutput } from "./types.ts";

/** How often threads are looked at for a blocked event loop. */
const pulseCheckMs = 250;
/** Every so many checks idle environments are dropped and credentials renewed: twice a minute. */
const checksPerUpkeep = 120;

export interface InvokerOptions {
  readonly version: (functionName: string, qualifier?: string) => FunctionConfiguration;
  readonly isCurrent: (configuration: FunctionConfiguration) => boolean;
  /** All of a pool's options but the credentials. */
  readonly poolOptions: (configuration: FunctionConfiguration) => Omit<PoolOptions, "variables"> & {
    readonly variables: Record<string, string>;
  };
  /** How many environments each version is to have ready; versions that want none are left out. */
  readonly provisioned: () => ReadonlyMap<FunctionConfiguration, number>;
  readonly credentials: RoleCredentials;
  readonly concurrency: Concurrency;
  readonly events: EventQueue;
  /** What holds for asynchronous invocations under this name. */
  readonly eventSettings: (functionName: string, qualifier?: string) => EventInvokeSettings;
  /** Whether a function's role lets it tell that destination how an invocation ended. */
  readonly mayTell: (configuration: FunctionConfiguration, destinationArn: string) => boolean;
}

type PreparedInvocation = {
  readonly configuration: FunctionConfiguration;
  readonly payload: string;
  readonly requestId: string;
};

export class Invoker {
  readonly #options: InvokerOptions;
  /** A configuration is never changed but replaced, so its identity stands for code, settings and revision. */
  readonly #pools = new Map<FunctionConfiguration, EnvironmentPool>();
  readonly #retired = new Set<EnvironmentPool>();
  #upkeep: NodeJS.Timeout | undefined;
  #checks = 0;
  #isStopped = false;

  constructor(options: InvokerOptions) {
    this.#options = options;
  }

  /** @throws {ServiceError} what Lambda refuses; a function's own failure is an answer with `functionError` */
  async invoke(input: InvokeInput): Promise<InvokeOutput> {
    if (this.#isStopped) throw stopping();
    const configuration = this.#options.version(input.functionName, input.qualifier);
    const type = input.invocationType ?? "RequestResponse";
    const payload = payloadText(input.payload, type);
    const invocation = { configuration, payload, requestId: input.requestId ?? randomUUID() };
    if (type === "RequestResponse") return this.#run(input, invocation);
    if (type === "Event") this.#queue(input, invocation);
    return { statusCode: type === "Event" ? 202 : 204, payload: "", executedVersion: configuration.Version };
  }

  async #run(input: InvokeInput, invocation: PreparedInvocation): Promise<InvokeOutput> {
    const { configuration } = invocation;
    const outcome = await this.#admit(input, invocation);
    if (outcome.ending === "refused") throw payloadNotJson(outcome.payload);
    return {
      statusCode: 200,
      payload: outcome.payload,
      executedVersion: configuration.Version,
      ...(outcome.ending === "returned" ? {} : { functionError: "Unhandled" }),
      ...(outcome.logTail === undefined ? {} : { logResult: outcome.logTail }),
    };
  }

  async #admit(
    input: InvokeInput,
    { configuration, payload, requestId }: PreparedInvocation,
  ): Promise<Outcome> {
    const { concurrency } = this.#options;
    const { FunctionName } = configuration;
    const reason = concurrency.enter(FunctionName);
    if (reason !== undefined) throw tooManyRequests(reason);
    const call = {
      requestId,
      payload,
      qualifier: input.qualifier ?? "",
      wantsLogTail: input.logType === "Tail",
      clientContext: input.clientContext ?? "",
    };
    try {
      return await this.#pool(configuration).invoke(call);
    } finally {
      concurrency.leave(FunctionName);
    }
  }

  /** Nobody will hear of a refusal later, so the payload's syntax is checked before the event is accepted. */
  #queue(input: InvokeInput, invocation: PreparedInvocation): void {
    const { FunctionName } = invocation.configuration;
    checkJson(invocation.payload);
    const settings = this.#options.eventSettings(input.functionName, input.qualifier);
    const { MaximumRetryAttempts: retriesMax, MaximumEventAgeInSeconds: ageSeconds } = settings;
    let output: InvokeOutput | undefined;
    this.#options.events.add({
      functionName: FunctionName,
      requestId: invocation.requestId,
      ...(retriesMax === undefined ? {} : { retriesMax }),
      ...(ageSeconds === undefined ? {} : { ageMsMax: ageSeconds * 1_000 }),
      ended: (end) => {
        const record = eventRecord(end, recorded(input, invocation), output);
        this.#tellDestination(invocation.configuration, settings, record, end);
      },
      attempt: async () => {
        try {
          // The function may have been changed since: a retry runs what is deployed then.
          const configuration = this.#options.version(input.functionName, input.qualifier);
          output = await this.#run(input, { ...invocation, configuration });
          return output.functionError === undefined ? "succeeded" : "failed";
        } catch (error) {
          return error instanceof ServiceError && error.code === "TooManyRequestsException"
            ? "throttled"
            : "failed";
        }
      },
    });
  }

  /** As in AWS the caller never hears that a destination is gone, is not the role's to invoke, or has no room. */
  #tellDestination(
    configuration: FunctionConfiguration,
    { DestinationConfig: destinations }: EventInvokeSettings,
    record: string,
    end: EventEnd,
  ): void {
    const told = end.condition === "Success" ? destinations?.OnSuccess : destinations?.OnFailure;
    if (told?.Destination === undefined || !this.#options.mayTell(configuration, told.Destination)) return;
    const input = { functionName: told.Destination, payload: record, invocationType: "Event" } as const;
    this.invoke(input).catch(() => undefined);
  }

  #pool(configuration: FunctionConfiguration): EnvironmentPool {
    const pool = this.#poolOf(configuration);
    if (pool.idleCount === 0) this.#makeRoom(pool);
    return pool;
  }

  #poolOf(configuration: FunctionConfiguration): EnvironmentPool {
    let pool = this.#pools.get(configuration);
    if (pool === undefined) {
      pool = this.#newPool(configuration);
      this.#pools.set(configuration, pool);
      this.#upkeep ??= setInterval(() => this.#check(), pulseCheckMs);
    }
    return pool;
  }

  /** Holds ready what is wanted. To be called when that has changed, or what a name leads to. */
  provision(): void {
    if (this.#isStopped) return;
    const wanted = this.#options.provisioned();
    for (const [configuration, pool] of this.#pools) {
      if (pool.provisioning.wanted > 0 && !wanted.has(configuration)) pool.provision(0);
    }
    for (const [configuration, count] of wanted) {
      const pool = this.#poolOf(configuration);
      if (pool.provisioning.wanted !== count) pool.provision(count);
    }
  }

  provisioning(configuration: FunctionConfiguration): Provisioning {
    return this.#pools.get(configuration)?.provisioning ?? { wanted: 0, ready: 0 };
  }

  async whenProvisioned(configuration: FunctionConfiguration, signal: AbortSignal): Promise<void> {
    await this.#pools.get(configuration)?.whenProvisioned(signal);
  }

  #newPool(configuration: FunctionConfiguration): EnvironmentPool {
    const { credentials, poolOptions } = this.#options;
    const { variables, ...options } = poolOptions(configuration);
    const { FunctionName, Role } = configuration;
    return new EnvironmentPool({
      ...options,
      variables: () => ({ ...variables, ...credentials.variables(FunctionName, Role) }),
    });
  }

  /**
   * An environment more may need one less elsewhere: there are never more than the account's concurrency, and since
   * fewer than that many invocations run, some are idle.
   */
  #makeRoom(forPool: EnvironmentPool): void {
    const pools = [...this.#pools.values()].sort((left, right) => left.usedMs - right.usedMs);
    const environments = pools.reduce((sum, pool) => sum + pool.environmentCount, 0);
    if (environments >= this.#options.concurrency.max) {
      const victim = pools.find((pool) => pool.spareCount > 0) ?? pools.find((pool) => pool.idleCount > 0);
      victim?.dropOldest();
    }
    const running = pools.filter((pool) => pool.threadCount > 0);
    if (forPool.threadCount > 0 || running.length < runningVersionsMax) return;
    const idle = running.find((pool) => !pool.isBusy && pool.provisioning.wanted === 0);
    if (idle === undefined) throw tooManyRequests("ConcurrentInvocationLimitExceeded");
    idle.dropAll();
  }

  #check(): void {
    const nowMs = performance.now();
    for (const pool of [...this.#pools.values(), ...this.#retired]) pool.checkPulse(nowMs);
    this.#checks += 1;
    if (this.#checks % checksPerUpkeep === 0) this.#keepUp(nowMs);
  }

  #keepUp(nowMs: number): void {
    for (const [configuration, pool] of this.#pools) {
      pool.dropIdle(nowMs);
      this.#renewCredentials(configuration, pool);
    }
    for (const pool of this.#retired) if (pool.isOver) this.#retired.delete(pool);
  }

  #renewCredentials({ FunctionName, Role }: FunctionConfiguration, pool: EnvironmentPool): void {
    const { credentials } = this.#options;
    if (pool.threadCount === 0 || !credentials.isRenewalDue(FunctionName, Role)) return;
    try {
      pool.updateCredentials(credentials.variables(FunctionName, Role));
    } catch {
      // The role is gone or trusts Lambda no more: the environments keep what they have until it expires, as in AWS.
    }
  }

  /** Ends the environments of versions that were replaced or deleted, each after its invocation. */
  retireOutdated(): void {
    for (const [configuration, pool] of this.#pools) {
      if (this.#options.isCurrent(configuration)) continue;
      this.#pools.delete(configuration);
      this.#retired.add(pool);
      pool.retire();
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#options.events.stop();
    clearInterval(this.#upkeep);
    await Promise.all([...this.#pools.values(), ...this.#retired].map((pool) => pool.end()));
  }
}

function payloadText(payload: Buffer | string, type: string): string {
  const bytesMax = type === "Event" ? asynchronousPayloadBytesMax : synchronousPayloadBytesMax;
  const bytes = typeof payload === "string" ? Buffer.byteLength(payload) : payload.length;
  if (bytes > bytesMax) throw requestTooLarge(bytes, type, bytesMax);
  return typeof payload === "string" ? payload : payload.toString("utf8");
}

/** What a record says of the invocation: the function's ARN with the qualifier it was invoked by. */
function recorded({ qualifier }: InvokeInput, { configuration, payload, requestId }: PreparedInvocation) {
  const arn = configuration.FunctionArn.split(":").slice(0, 7).join(":");
  return { requestId, payload, functionArn: `${arn}:${qualifier ?? "$LATEST"}` };
}

function checkJson(payload: string): void {
  if (payload === "") return;
  try {
    JSON.parse(payload);
  } catch (error) {
    throw payloadNotJson((error as Error).message);
  }
}
