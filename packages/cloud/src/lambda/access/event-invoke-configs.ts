/**
 * What happens to asynchronous invocations of a function, a version or an alias: how often and how long they are tried, and
 * which function hears how they ended.
 *
 * Queues, topics, buses and buckets as destinations are refused: their services are not offered.
 *
 * Source: AWS Lambda Developer Guide, "Configuring error handling settings for asynchronous invocations", "Capturing
 * records of Lambda asynchronous invocations"; API Reference, "PutFunctionEventInvokeConfig".
 */

import { invalidParameter, resourceNotFound } from "../errors.ts";
import { parseFunctionName } from "../function-name.ts";
import type { FunctionStore } from "../function-store.ts";
import type { Functions } from "../functions.ts";
import { eventAgeMsMax, eventRetryDelaysMs } from "../limits.ts";
import type { EventInvokeConfig, EventInvokeSettings } from "../types.ts";

/** AWS's least age at which an event is dropped. */
const ageSecondsMin = 60;

const latest = "$LATEST";

export class EventInvokeConfigs {
  readonly #functions: Functions;
  readonly #store: FunctionStore;

  constructor(options: { functions: Functions; store: FunctionStore }) {
    this.#functions = options.functions;
    this.#store = options.store;
  }

  /**
   * Replaces the whole configuration.
   * @throws {ServiceError} InvalidParameterValueException: out of bounds, or a destination that is no function here
   */
  put(functionName: string, qualifier: string | undefined, settings: EventInvokeSettings): EventInvokeConfig {
    this.#check(settings);
    const key = this.#key(functionName, qualifier);
    const record = this.#functions.record(functionName);
    const config: EventInvokeConfig = {
      FunctionArn: `${record.latest.FunctionArn}:${key}`,
      LastModified: Math.trunc(Date.now() / 1_000),
      ...given(settings),
    };
    this.#store.put({ ...record, eventInvokeConfigs: { ...record.eventInvokeConfigs, [key]: config } });
    return described(config);
  }

  /** Changes what is given, keeps the rest. @throws {ServiceError} ResourceNotFoundException */
  update(
    functionName: string,
    qualifier: string | undefined,
    settings: EventInvokeSettings,
  ): EventInvokeConfig {
    const { FunctionArn: _arn, LastModified: _time, ...kept } = this.#found(functionName, qualifier);
    return this.put(functionName, qualifier, { ...kept, ...given(settings) });
  }

  /** @throws {ServiceError} ResourceNotFoundException */
  get(functionName: string, qualifier: string | undefined): EventInvokeConfig {
    return described(this.#found(functionName, qualifier));
  }

  /** @throws {ServiceError} ResourceNotFoundException */
  delete(functionName: string, qualifier: string | undefined): void {
    this.#found(functionName, qualifier);
    const record = this.#functions.record(functionName);
    const { [this.#key(functionName, qualifier)]: _gone, ...others } = record.eventInvokeConfigs ?? {};
    this.#store.put({ ...record, eventInvokeConfigs: others });
  }

  list(functionName: string): readonly EventInvokeConfig[] {
    return Object.values(this.#functions.record(functionName).eventInvokeConfigs ?? {}).map(described);
  }

  /** What holds for an invocation under this name; nothing where nobody said anything. */
  settingsOf(functionName: string, givenQualifier: string | undefined): EventInvokeSettings {
    const { name, qualifier } = parseFunctionName(functionName, givenQualifier);
    return this.#store.find(name)?.eventInvokeConfigs?.[qualifier ?? latest] ?? {};
  }

  #found(functionName: string, qualifier: string | undefined): EventInvokeConfig {
    const { latest: function_, eventInvokeConfigs = {} } = this.#functions.record(functionName);
    const key = this.#key(functionName, qualifier);
    const config = eventInvokeConfigs[key];
    if (config !== undefined) return config;
    throw resourceNotFound(`The function ${function_.FunctionArn}:${key} doesn't have an EventInvokeConfig`);
  }

  #key(functionName: string, given: string | undefined): string {
    this.#functions.version(functionName, given);
    return parseFunctionName(functionName, given).qualifier ?? latest;
  }

  #check({ MaximumRetryAttempts, MaximumEventAgeInSeconds, DestinationConfig }: EventInvokeSettings): void {
    checkNumber("MaximumRetryAttempts", MaximumRetryAttempts, [0, eventRetryDelaysMs.length]);
    checkNumber("MaximumEventAgeInSeconds", MaximumEventAgeInSeconds, [ageSecondsMin, eventAgeMsMax / 1_000]);
    for (const end of [DestinationConfig?.OnSuccess, DestinationConfig?.OnFailure]) {
      const arn = end?.Destination;
      if (arn === undefined) continue;
      if (!arn.startsWith("arn:aws:lambda:")) {
        throw invalidParameter(`dsql-local offers functions as destinations only, not ${arn}`);
      }
      this.#functions.version(arn);
    }
  }
}

function checkNumber(name: string, value: number | undefined, [min, max]: readonly [number, number]): void {
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) return;
  throw invalidParameter(`${name} must be a whole number from ${min} to ${max}`);
}

/** Without the members that say nothing. */
function given(settings: EventInvokeSettings): EventInvokeSettings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => (value as unknown) !== undefined));
}

/** The API always shows both destinations. */
function described(config: EventInvokeConfig): EventInvokeConfig {
  return { ...config, DestinationConfig: { OnSuccess: {}, OnFailure: {}, ...config.DestinationConfig } };
}
