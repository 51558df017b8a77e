/**
 * Lambda's control operations: functions, their code and configuration, versions, aliases, tags and reserved
 * concurrency.
 *
 * A change is in place when the promise resolves: `State` is Active and `LastUpdateStatus` Successful at once. While a
 * zip is being unpacked a further change of the same function is refused, as in AWS.
 *
 * Source: AWS Lambda API Reference.
 */

import { randomUUID } from "node:crypto";
import type { Concurrency } from "./concurrency.ts";
import { changedConfiguration, newConfiguration, revised } from "./configuration.ts";
import {
  conflict,
  functionElsewhere,
  functionNotFound,
  invalidParameter,
  preconditionFailed,
  resourceNotFound,
} from "./errors.ts";
import { type FunctionReference, parseFunctionName } from "./function-name.ts";
import type { FunctionRecord, FunctionStore } from "./function-store.ts";
import { codeZippedBytesMax, functionsMax, unreservedConcurrencyMin } from "./limits.ts";
import type { RoleCredentials } from "./role-credentials.ts";
import type {
  AliasConfiguration,
  AliasRoutingConfig,
  CreateFunctionInput,
  FunctionCode,
  FunctionConfiguration,
  UpdateFunctionCodeInput,
  UpdateFunctionConfigurationInput,
} from "./types.ts";

/** Where a deployed zip lies when it is not in the request. */
export type FetchObject = (location: {
  bucket: string;
  key: string;
  versionId?: string;
}) => Promise<Uint8Array>;

export interface FunctionsOptions {
  readonly account: string;
  readonly region: string;
  readonly store: FunctionStore;
  readonly credentials: RoleCredentials;
  readonly concurrency: Concurrency;
  readonly fetchObject: FetchObject;
  /** Versions may be gone or replaced: environments of those that are must end. */
  readonly onChanged: () => void;
}

export interface GetFunctionOutput {
  readonly Configuration: FunctionConfiguration;
  readonly Code: { readonly RepositoryType: string; readonly Location?: string };
  readonly Tags?: Readonly<Record<string, string>>;
  readonly Concurrency?: { readonly ReservedConcurrentExecutions: number };
}

interface AliasInput {
  readonly FunctionName: string;
  readonly Name: string;
  readonly FunctionVersion?: string;
  readonly Description?: string;
  readonly RoutingConfig?: AliasRoutingConfig;
}

export class Functions {
  readonly #options: FunctionsOptions;
  readonly #store: FunctionStore;
  readonly #changing = new Set<string>();

  constructor(options: FunctionsOptions) {
    this.#options = options;
    this.#store = options.store;
    for (const { latest, reservedConcurrency } of options.store.all()) {
      if (reservedConcurrency !== undefined)
        options.concurrency.reserve(latest.FunctionName, reservedConcurrency);
    }
  }

  functionArn(name: string): string {
    const { account, region } = this.#options;
    return `arn:aws:lambda:${region}:${account}:function:${name}`;
  }

  /** @throws {ServiceError} ResourceNotFoundException */
  record(functionName: string): FunctionRecord {
    const { name } = this.#reference(functionName);
    const record = this.#store.find(name);
    if (record === undefined) throw functionNotFound(this.functionArn(name));
    return record;
  }

  #reference(functionName: string, qualifier?: string): FunctionReference {
    const reference = parseFunctionName(functionName, qualifier);
    const { region } = this.#options;
    if (reference.region !== undefined && reference.region !== region)
      throw functionElsewhere(reference.region, region);
    return reference;
  }

  /**
   * The version that a name and a qualifier lead to.
   * @throws {ServiceError} ResourceNotFoundException
   */
  version(functionName: string, qualifier?: string): FunctionConfiguration {
    const reference = this.#reference(functionName, qualifier);
    const record = this.#store.find(reference.name);
    if (record === undefined) throw functionNotFound(this.functionArn(reference.name));
    const wanted = reference.qualifier;
    if (wanted === undefined || wanted === "$LATEST") return record.latest;
    const number = record.aliases.find(({ Name }) => Name === wanted)?.FunctionVersion ?? wanted;
    const version =
      number === "$LATEST" ? record.latest : record.versions.find(({ Version }) => Version === number);
    if (version === undefined) throw functionNotFound(`${this.functionArn(reference.name)}:${wanted}`);
    return version;
  }

  /**
   * The version that an invocation of it runs: an alias with weights leads to one version or another by chance.
   * @throws {ServiceError} ResourceNotFoundException
   */
  versionToRun(functionName: string, givenQualifier?: string): FunctionConfiguration {
    const { name, qualifier } = parseFunctionName(functionName, givenQualifier);
    const alias = this.#store.find(name)?.aliases.find(({ Name }) => Name === qualifier);
    let chance = Math.random();
    for (const [version, weight] of Object.entries(alias?.RoutingConfig?.AdditionalVersionWeights ?? {})) {
      if (chance < weight) return this.version(name, version);
      chance -= weight;
    }
    return this.version(functionName, givenQualifier);
  }

  // Functions

  async createFunction(input: CreateFunctionInput): Promise<FunctionConfiguration> {
    const { name } = this.#reference(input.FunctionName);
    if (this.#store.find(name) !== undefined) throw conflict(`Function already exist: ${name}`);
    if (this.#store.size >= functionsMax)
      throw invalidParameter(`This local Lambda keeps at most ${functionsMax} functions`);
    return this.#change(name, async () => {
      const arn = this.functionArn(name);
      // Checked before the code is fetched: what is cheap to refuse is refused first.
      newConfiguration({ name, arn, settings: input, code: { sha256: "", bytes: 0 } });
      this.#options.credentials.check(name, input.Role ?? "");
      const code = await this.#store.addCode(name, await this.#zip(input.Code));
      const latest = newConfiguration({ name, arn, settings: input, code });
      this.#put({ latest, versions: [], nextVersion: 1, aliases: [], tags: input.Tags ?? {}, policy: [] });
      return input.Publish === true ? this.publishVersion({ FunctionName: name }) : latest;
    });
  }

  getFunction(functionName: string, qualifier?: string): GetFunctionOutput {
    const record = this.record(functionName);
    return {
      Configuration: this.getFunctionConfiguration(functionName, qualifier),
      Code: { RepositoryType: "S3" },
      ...(Object.keys(record.tags).length === 0 ? {} : { Tags: record.tags }),
      ...(record.reservedConcurrency === undefined
        ? {}
        : { Concurrency: { ReservedConcurrentExecutions: record.reservedConcurrency } }),
    };
  }

  getFunctionConfiguration(functionName: string, qualifier?: string): FunctionConfiguration {
    const configuration = this.version(functionName, qualifier);
    const wanted = parseFunctionName(functionName, qualifier).qualifier;
    if (wanted === undefined) return configuration;
    return { ...configuration, FunctionArn: `${this.functionArn(configuration.FunctionName)}:${wanted}` };
  }

  listFunctions(options: { allVersions?: boolean } = {}): FunctionConfiguration[] {
    const records = this.#store.all();
    return options.allVersions === true
      ? records.flatMap(({ latest, versions }) => [qualified(latest), ...versions])
      : records.map(({ latest }) => latest);
  }

  async updateFunctionCode(input: UpdateFunctionCodeInput): Promise<FunctionConfiguration> {
    const { latest } = this.record(input.FunctionName);
    checkRevision(latest, input.RevisionId);
    return this.#change(latest.FunctionName, async () => {
      const code = await this.#store.addCode(latest.FunctionName, await this.#zip(input));
      const record = this.record(latest.FunctionName);
      const updated = revised({ ...record.latest, CodeSha256: code.sha256, CodeSize: code.bytes });
      if (input.DryRun === true) return updated;
      this.#put({ ...record, latest: updated });
      return input.Publish === true ? this.publishVersion(input) : updated;
    });
  }

  async updateFunctionConfiguration(input: UpdateFunctionConfigurationInput): Promise<FunctionConfiguration> {
    const record = this.record(input.FunctionName);
    checkRevision(record.latest, input.RevisionId);
    return this.#change(record.latest.FunctionName, () => {
      const latest = changedConfiguration(record.latest, input);
      this.#options.credentials.check(latest.FunctionName, latest.Role);
      this.#put({ ...record, latest });
      return Promise.resolve(latest);
    });
  }

  /** With a qualifier only that version goes. */
  async deleteFunction(functionName: string, qualifier?: string): Promise<void> {
    const { name, qualifier: wanted } = parseFunctionName(functionName, qualifier);
    const record = this.record(name);
    if (wanted !== undefined) {
      this.#deleteVersion(record, wanted);
      return;
    }
    await this.#change(name, () => {
      this.#store.remove(name);
      this.#options.concurrency.reserve(name, undefined);
      this.#options.credentials.forget(name);
      this.#options.onChanged();
      return Promise.resolve();
    });
  }

  #deleteVersion(record: FunctionRecord, version: string): void {
    if (version === "$LATEST")
      throw invalidParameter("$LATEST version cannot be deleted without deleting the function.");
    const alias = record.aliases.find(
      ({ FunctionVersion, RoutingConfig }) =>
        FunctionVersion === version || version in (RoutingConfig?.AdditionalVersionWeights ?? {}),
    );
    if (alias !== undefined) {
      throw conflict(
        `Version ${version} is currently referenced by alias ${alias.Name}. Remove the alias before deleting.`,
      );
    }
    this.#put({
      ...record,
      versions: record.versions.filter(({ Version }) => Version !== version),
      provisionedConcurrency: without(record.provisionedConcurrency, version),
      eventInvokeConfigs: without(record.eventInvokeConfigs, version),
    });
  }

  async #zip(code: FunctionCode | undefined): Promise<Uint8Array> {
    if (code?.ImageUri !== undefined)
      throw invalidParameter("Container images are not offered: deploy a zip");
    if (code?.ZipFile !== undefined) {
      const zip = typeof code.ZipFile === "string" ? Buffer.from(code.ZipFile, "base64") : code.ZipFile;
      if (zip.byteLength > codeZippedBytesMax) {
        throw invalidParameter(
          `Zipped code in a request must be smaller than ${codeZippedBytesMax} bytes: deploy it through S3`,
        );
      }
      return zip;
    }
    if (code?.S3Bucket === undefined || code.S3Key === undefined) {
      throw invalidParameter("Please provide a source for function code.");
    }
    return this.#fetch(code.S3Bucket, code.S3Key, code.S3ObjectVersion);
  }

  async #fetch(bucket: string, key: string, versionId: string | undefined): Promise<Uint8Array> {
    try {
      return await this.#options.fetchObject({
        bucket,
        key,
        ...(versionId === undefined ? {} : { versionId }),
      });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw invalidParameter(`Error occurred while GetObject of ${bucket}/${key}. ${reason}`, error);
    }
  }

  async #change<Result>(name: string, change: () => Promise<Result>): Promise<Result> {
    if (this.#changing.has(name)) {
      throw conflict(
        `The operation cannot be performed at this time. An update is in progress for resource: ${this.functionArn(name)}`,
      );
    }
    this.#changing.add(name);
    try {
      return await change();
    } finally {
      this.#changing.delete(name);
    }
  }

  #put(record: FunctionRecord): void {
    this.#store.put(record);
    this.#options.onChanged();
  }

  // Versions and aliases

  /** The same code and configuration as the version published last give no new one, as in AWS. */
  publishVersion(input: {
    FunctionName: string;
    Description?: string;
    CodeSha256?: string;
    RevisionId?: string;
  }) {
    const record = this.record(input.FunctionName);
    const { latest } = record;
    checkRevision(latest, input.RevisionId);
    if (input.CodeSha256 !== undefined && input.CodeSha256 !== latest.CodeSha256) {
      throw invalidParameter(
        `CodeSHA256 (${input.CodeSha256}) is different from current CodeSHA256 in $LATEST (${latest.CodeSha256}). Please try again with the CodeSHA256 in $LATEST.`,
      );
    }
    const newest = record.versions.at(-1);
    if (newest !== undefined && isSameFunction(newest, latest)) return newest;
    const Version = String(record.nextVersion);
    const version: FunctionConfiguration = {
      ...latest,
      Version,
      FunctionArn: `${latest.FunctionArn}:${Version}`,
      Description: input.Description ?? latest.Description,
      RevisionId: randomUUID(),
    };
    this.#put({ ...record, versions: [...record.versions, version], nextVersion: record.nextVersion + 1 });
    return version;
  }

  listVersions(functionName: string): FunctionConfiguration[] {
    const { latest, versions } = this.record(functionName);
    return [qualified(latest), ...versions];
  }

  createAlias(input: AliasInput): AliasConfiguration {
    const record = this.record(input.FunctionName);
    const { FunctionName } = record.latest;
    if (!/^(?!\d+$)[a-zA-Z0-9-_]{1,128}$/.test(input.Name))
      throw invalidParameter(`Invalid alias name: ${input.Name}`);
    const AliasArn = `${this.functionArn(FunctionName)}:${input.Name}`;
    if (record.aliases.some(({ Name }) => Name === input.Name))
      throw conflict(`Alias already exists: ${AliasArn}`);
    const { Version } = this.version(FunctionName, input.FunctionVersion);
    const alias: AliasConfiguration = {
      AliasArn,
      Name: input.Name,
      FunctionVersion: Version,
      Description: input.Description ?? "",
      ...this.#routing(FunctionName, Version, input.RoutingConfig),
      RevisionId: randomUUID(),
    };
    this.#put({ ...record, aliases: [...record.aliases, alias] });
    return alias;
  }

  getAlias(functionName: string, name: string): AliasConfiguration {
    const record = this.record(functionName);
    const alias = record.aliases.find(({ Name }) => Name === name);
    if (alias === undefined)
      throw resourceNotFound(`Cannot find alias arn: ${record.latest.FunctionArn}:${name}`);
    return alias;
  }

  updateAlias(input: AliasInput): AliasConfiguration {
    const record = this.record(input.FunctionName);
    const old = this.getAlias(input.FunctionName, input.Name);
    const { RoutingConfig: oldRouting, ...rest } = old;
    const { FunctionName } = record.latest;
    const { Version } = this.version(FunctionName, input.FunctionVersion ?? old.FunctionVersion);
    const alias: AliasConfiguration = {
      ...rest,
      FunctionVersion: Version,
      Description: input.Description ?? old.Description,
      ...this.#routing(FunctionName, Version, input.RoutingConfig ?? oldRouting),
      RevisionId: randomUUID(),
    };
    this.#put({ ...record, aliases: record.aliases.map((each) => (each === old ? alias : each)) });
    return alias;
  }

  /** Weights that lead somewhere; none where there are none. */
  #routing(
    functionName: string,
    mainVersion: string,
    routing: AliasRoutingConfig | undefined,
  ): { RoutingConfig?: AliasRoutingConfig } {
    const weights = Object.entries(routing?.AdditionalVersionWeights ?? {});
    if (weights.length === 0) return {};
    const sum = weights.reduce((total, [, weight]) => total + weight, 0);
    if (weights.some(([, weight]) => !(weight >= 0 && weight <= 1)) || sum > 1) {
      throw invalidParameter(
        "Invalid value for AdditionalVersionWeights: each is from 0 to 1, and so is their sum",
      );
    }
    for (const [version] of weights) {
      if (this.version(functionName, version).Version !== mainVersion && version !== "$LATEST") continue;
      throw invalidParameter(
        `Invalid value for AdditionalVersionWeights: ${version}: a published version other than the alias's own is needed`,
      );
    }
    return { RoutingConfig: { AdditionalVersionWeights: Object.fromEntries(weights) } };
  }

  /** With all that was said of it. One that is not there is gone already. */
  deleteAlias(functionName: string, name: string): void {
    const record = this.record(functionName);
    this.#put({
      ...record,
      aliases: record.aliases.filter(({ Name }) => Name !== name),
      provisionedConcurrency: without(record.provisionedConcurrency, name),
      urls: (record.urls ?? []).filter(({ Qualifier }) => Qualifier !== name),
      eventInvokeConfigs: without(record.eventInvokeConfigs, name),
    });
  }

  listAliases(functionName: string): readonly AliasConfiguration[] {
    return this.record(functionName).aliases;
  }

  // Tags, concurrency

  listTags(resource: string): Readonly<Record<string, string>> {
    return this.record(resource).tags;
  }

  tagResource(resource: string, tags: Readonly<Record<string, string>>): void {
    const record = this.record(resource);
    this.#put({ ...record, tags: { ...record.tags, ...tags } });
  }

  untagResource(resource: string, keys: readonly string[]): void {
    const record = this.record(resource);
    const tags = Object.fromEntries(Object.entries(record.tags).filter(([key]) => !keys.includes(key)));
    this.#put({ ...record, tags });
  }

  putFunctionConcurrency(functionName: string, count: number): { ReservedConcurrentExecutions: number } {
    const record = this.record(functionName);
    const { concurrency } = this.#options;
    if (!Number.isInteger(count) || count < 0) {
      throw invalidParameter(`ReservedConcurrentExecutions must be a whole number of 0 or more`);
    }
    const unreserved = concurrency.unreservedMax + (record.reservedConcurrency ?? 0) - count;
    const unreservedMin = Math.min(unreservedConcurrencyMin, concurrency.max);
    if (count > 0 && unreserved < unreservedMin) {
      throw invalidParameter(
        `Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${unreservedMin}].`,
      );
    }
    this.#put({ ...record, reservedConcurrency: count });
    concurrency.reserve(record.latest.FunctionName, count);
    return { ReservedConcurrentExecutions: count };
  }

  getFunctionConcurrency(functionName: string): { ReservedConcurrentExecutions?: number } {
    const { reservedConcurrency } = this.record(functionName);
    return reservedConcurrency === undefined ? {} : { ReservedConcurrentExecutions: reservedConcurrency };
  }

  deleteFunctionConcurrency(functionName: string): void {
    const { reservedConcurrency, ...record } = this.record(functionName);
    if (reservedConcurrency === undefined) return;
    this.#put(record);
    this.#options.concurrency.reserve(record.latest.FunctionName, undefined);
  }
}

/** What is said of the other versions and aliases. */
function without<Said>(
  byQualifier: Readonly<Record<string, Said>> | undefined,
  qualifier: string,
): Record<string, Said> {
  return Object.fromEntries(Object.entries(byQualifier ?? {}).filter(([key]) => key !== qualifier));
}

/** `$LATEST` with its qualifier in the ARN, as lists of versions show it. */
function qualified(latest: FunctionConfiguration): FunctionConfiguration {
  return { ...latest, FunctionArn: `${latest.FunctionArn}:$LATEST` };
}

function checkRevision(latest: FunctionConfiguration, revisionId: string | undefined): void {
  if (revisionId !== undefined && revisionId !== latest.RevisionId) throw preconditionFailed();
}

function isSameFunction(left: FunctionConfiguration, right: FunctionConfiguration): boolean {
  const essence = (configuration: FunctionConfiguration): string =>
    JSON.stringify({
      ...configuration,
      Version: "",
      FunctionArn: "",
      RevisionId: "",
      LastModified: "",
      Description: "",
    });
  return essence(left) === essence(right);
}
