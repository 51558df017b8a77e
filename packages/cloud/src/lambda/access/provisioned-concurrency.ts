/**
 * Provisioned concurrency of versions and aliases: checked, kept and shown as ready.
 *
 * In AWS environments are made ahead. Here the first invocations make them, some milliseconds each, as they do without.
 *
 * Source: AWS Lambda Developer Guide, "Configuring provisioned concurrency for a function"; API Reference,
 * "PutProvisionedConcurrencyConfig".
 */

import type { Concurrency } from "../concurrency.ts";
import { invalidParameter, provisionedConcurrencyNotFound } from "../errors.ts";
import { parseFunctionName } from "../function-name.ts";
import type { FunctionStore } from "../function-store.ts";
import type { Functions } from "../functions.ts";
import type { ProvisionedConcurrencyConfig } from "../types.ts";

export class ProvisionedConcurrency {
  readonly #functions: Functions;
  readonly #store: FunctionStore;
  readonly #concurrency: Concurrency;

  constructor(options: { functions: Functions; store: FunctionStore; concurrency: Concurrency }) {
    this.#functions = options.functions;
    this.#store = options.store;
    this.#concurrency = options.concurrency;
  }

  /** @throws {ServiceError} InvalidParameterValueException: for `$LATEST`, or more than there is */
  put(functionName: string, givenQualifier: string | undefined, count: number): ProvisionedConcurrencyConfig {
    const record = this.#functions.record(functionName);
    const qualifier = this.#qualifier(functionName, givenQualifier);
    if (!Number.isInteger(count) || count < 1) {
      throw invalidParameter("ProvisionedConcurrentExecutions must be a whole number of 1 or more");
    }
    const max = record.reservedConcurrency ?? this.#concurrency.unreservedMax;
    if (count > max) {
      throw invalidParameter(
        `Requested Provisioned Concurrency should not be greater than the ${record.reservedConcurrency === undefined ? "unreservedConcurrentExecution" : "reservedConcurrentExecution"} for function: ${max}`,
      );
    }
    const config: ProvisionedConcurrencyConfig = {
      RequestedProvisionedConcurrentExecutions: count,
      AvailableProvisionedConcurrentExecutions: count,
      AllocatedProvisionedConcurrentExecutions: count,
      Status: "READY",
      LastModified: new Date().toISOString().replace("Z", "+0000"),
    };
    this.#store.put({
      ...record,
      provisionedConcurrency: { ...record.provisionedConcurrency, [qualifier]: config },
    });
    return config;
  }

  /** @throws {ServiceError} ProvisionedConcurrencyConfigNotFoundException */
  get(functionName: string, givenQualifier: string | undefined): ProvisionedConcurrencyConfig {
    const { provisionedConcurrency = {} } = this.#functions.record(functionName);
    const config = provisionedConcurrency[this.#qualifier(functionName, givenQualifier)];
    if (config === undefined) throw provisionedConcurrencyNotFound();
    return config;
  }

  /** One that is not there is gone already. */
  delete(functionName: string, givenQualifier: string | undefined): void {
    const record = this.#functions.record(functionName);
    const qualifier = parseFunctionName(functionName, givenQualifier).qualifier ?? "";
    const others = Object.entries(record.provisionedConcurrency ?? {}).filter(([key]) => key !== qualifier);
    this.#store.put({ ...record, provisionedConcurrency: Object.fromEntries(others) });
  }

  list(functionName: string): readonly (ProvisionedConcurrencyConfig & { readonly FunctionArn: string })[] {
    const { latest, provisionedConcurrency = {} } = this.#functions.record(functionName);
    return Object.entries(provisionedConcurrency).map(([qualifier, config]) => ({
      FunctionArn: `${latest.FunctionArn}:${qualifier}`,
      ...config,
    }));
  }

  #qualifier(functionName: string, given: string | undefined): string {
    const { qualifier } = parseFunctionName(functionName, given);
    if (qualifier === undefined || qualifier === "$LATEST") {
      throw invalidParameter(
        "Provisioned Concurrency Configs cannot be applied to unpublished function versions.",
      );
    }
    this.#functions.version(functionName, qualifier);
    return qualifier;
  }
}
