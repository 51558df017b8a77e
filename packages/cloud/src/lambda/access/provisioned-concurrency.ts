/**
 * Provisioned concurrency of versions and aliases: checked, kept, and held ready by the version's environments.
 *
 * A configuration is IN_PROGRESS until as many environments are made as it asks for, then READY; FAILED when the
 * function's code cannot be loaded. An alias asks for environments of the version that it leads to.
 *
 * Source: AWS Lambda Developer Guide, "Configuring provisioned concurrency for a function"; API Reference,
 * "PutProvisionedConcurrencyConfig".
 */

import type { Concurrency } from "../concurrency.ts";
import { errorMessageOf } from "../error-payload.ts";
import { invalidParameter, provisionedConcurrencyNotFound } from "../errors.ts";
import { parseFunctionName } from "../function-name.ts";
import type { FunctionStore } from "../function-store.ts";
import type { Functions } from "../functions.ts";
import type { Invoker } from "../invoker.ts";
import { provisionedVersionsMax } from "../limits.ts";
import type {
  FunctionConfiguration,
  ProvisionedConcurrencyConfig,
  ProvisionedConcurrencyRequest,
} from "../types.ts";

export interface ProvisionedConcurrencyOptions {
  readonly functions: Functions;
  readonly store: FunctionStore;
  readonly concurrency: Concurrency;
  readonly environments: Pick<Invoker, "provision" | "provisioning" | "whenProvisioned">;
}

export class ProvisionedConcurrency {
  readonly #options: ProvisionedConcurrencyOptions;

  constructor(options: ProvisionedConcurrencyOptions) {
    this.#options = options;
  }

  /** @throws {ServiceError} InvalidParameterValueException: for `$LATEST`, or more than there is */
  put(functionName: string, givenQualifier: string | undefined, count: number): ProvisionedConcurrencyConfig {
    const { functions, store, environments } = this.#options;
    const record = functions.record(functionName);
    const qualifier = this.#qualifier(functionName, givenQualifier);
    this.#check(functionName, count, record.reservedConcurrency);
    const request = {
      RequestedProvisionedConcurrentExecutions: count,
      LastModified: new Date().toISOString().replace("Z", "+0000"),
    };
    const provisionedConcurrency = { ...record.provisionedConcurrency, [qualifier]: request };
    store.put({ ...record, provisionedConcurrency });
    environments.provision();
    return this.#describe(functions.version(functionName, qualifier), request);
  }

  /** @throws {ServiceError} ProvisionedConcurrencyConfigNotFoundException */
  get(functionName: string, givenQualifier: string | undefined): ProvisionedConcurrencyConfig {
    const { functions } = this.#options;
    const { provisionedConcurrency = {} } = functions.record(functionName);
    const qualifier = this.#qualifier(functionName, givenQualifier);
    const request = provisionedConcurrency[qualifier];
    if (request === undefined) throw provisionedConcurrencyNotFound();
    return this.#describe(functions.version(functionName, qualifier), request);
  }

  /**
   * Waits until the environments are ready.
   * @param signal - ends the wait
   * @throws {Error} they cannot be made: the function's own error
   */
  async settled(functionName: string, signal: AbortSignal): Promise<void> {
    const { functions, environments } = this.#options;
    await environments.whenProvisioned(functions.version(functionName), signal);
    const { Status, StatusReason } = this.get(functionName, undefined);
    if (Status === "FAILED")
      throw new Error(`Provisioned concurrency could not be made: ${StatusReason ?? ""}`);
  }

  /** One that is not there is gone already. */
  delete(functionName: string, givenQualifier: string | undefined): void {
    const { functions, store, environments } = this.#options;
    const record = functions.record(functionName);
    const qualifier = parseFunctionName(functionName, givenQualifier).qualifier ?? "";
    const others = Object.entries(record.provisionedConcurrency ?? {}).filter(([key]) => key !== qualifier);
    store.put({ ...record, provisionedConcurrency: Object.fromEntries(others) });
    environments.provision();
  }

  list(functionName: string): readonly (ProvisionedConcurrencyConfig & { readonly FunctionArn: string })[] {
    const { functions } = this.#options;
    const { latest, provisionedConcurrency = {} } = functions.record(functionName);
    return Object.entries(provisionedConcurrency).map(([qualifier, request]) => ({
      FunctionArn: `${latest.FunctionArn}:${qualifier}`,
      ...this.#describe(functions.version(functionName, qualifier), request),
    }));
  }

  #describe(
    version: FunctionConfiguration,
    { RequestedProvisionedConcurrentExecutions: requested, LastModified }: ProvisionedConcurrencyRequest,
  ): ProvisionedConcurrencyConfig {
    const { ready, failure } = this.#options.environments.provisioning(version);
    const available = Math.min(ready, requested);
    return {
      RequestedProvisionedConcurrentExecutions: requested,
      AvailableProvisionedConcurrentExecutions: available,
      AllocatedProvisionedConcurrentExecutions: available,
      LastModified,
      ...statusOf(available === requested, failure),
    };
  }

  #check(functionName: string, count: number, reserved: number | undefined): void {
    if (!Number.isInteger(count) || count < 1) {
      throw invalidParameter("ProvisionedConcurrentExecutions must be a whole number of 1 or more");
    }
    const max = reserved ?? this.#options.concurrency.unreservedMax;
    if (count > max) {
      throw invalidParameter(
        `Requested Provisioned Concurrency should not be greater than the ${reserved === undefined ? "unreservedConcurrentExecution" : "reservedConcurrentExecution"} for function: ${max}. ${howToHaveMore(reserved)}`,
      );
    }
    const others = this.#options.store
      .all()
      .filter(({ latest }) => latest.FunctionName !== parseFunctionName(functionName).name)
      .reduce((sum, record) => sum + Object.keys(record.provisionedConcurrency ?? {}).length, 0);
    if (others >= provisionedVersionsMax) {
      throw invalidParameter(
        `dsql-local holds environments of at most ${provisionedVersionsMax} versions ready; take the provisioned concurrency of another one away`,
      );
    }
  }

  #qualifier(functionName: string, given: string | undefined): string {
    const { qualifier } = parseFunctionName(functionName, given);
    if (
      qualifier === undefined ||
      this.#options.functions.version(functionName, qualifier).Version === "$LATEST"
    ) {
      throw invalidParameter(
        "Provisioned Concurrency Configs cannot be applied to unpublished function versions.",
      );
    }
    return qualifier;
  }
}

/** In AWS one asks for a higher quota; here the stack is started with one. */
function howToHaveMore(reserved: number | undefined): string {
  return reserved === undefined
    ? "Start the local stack with --limit concurrentExecutions=<number> for more."
    : "Reserve more for the function first (PutFunctionConcurrency).";
}

function statusOf(
  isReady: boolean,
  failure: string | undefined,
): Pick<ProvisionedConcurrencyConfig, "Status" | "StatusReason"> {
  if (isReady) return { Status: "READY" };
  if (failure === undefined) return { Status: "IN_PROGRESS" };
  return { Status: "FAILED", StatusReason: `FUNCTION_ERROR_INIT_FAILURE: ${errorMessageOf(failure)}` };
}
