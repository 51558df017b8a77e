/**
 * Addresses of functions: who may have one, how it is called, and what is kept of it.
 *
 * In AWS an address is `https://<id>.lambda-url.<region>.on.aws/`. Here it is a path of the local endpoint, since no
 * browser or HTTP client would find that name on this machine; the path below it is what the function sees.
 *
 * Source: AWS Lambda Developer Guide, "Creating and managing Lambda function URLs"; API Reference,
 * "CreateFunctionUrlConfig".
 */

import { createHash } from "node:crypto";
import { conflict, invalidParameter, resourceNotFound, validation } from "../errors.ts";
import { parseFunctionName } from "../function-name.ts";
import type { FunctionRecord, FunctionStore } from "../function-store.ts";
import type { Functions } from "../functions.ts";
import type { FunctionUrl, FunctionUrlConfig, FunctionUrlInput } from "../types.ts";

/** Every address begins with it; what follows is its id. */
export const functionUrlPath = "/lambda-url/";

export interface FunctionUrlsOptions {
  readonly functions: Functions;
  readonly store: FunctionStore;
  /** The local endpoint's own address; known when it listens. */
  readonly endpoint: () => string;
}

/** An address with the function it leads to. */
export interface FoundFunctionUrl {
  readonly url: FunctionUrl;
  readonly record: FunctionRecord;
}

export class FunctionUrls {
  readonly #options: FunctionUrlsOptions;

  constructor(options: FunctionUrlsOptions) {
    this.#options = options;
  }

  /** @throws {ServiceError} ResourceConflictException: the function, or its alias, has one already */
  create(input: FunctionUrlInput): FunctionUrlConfig {
    const { record, qualifier } = this.#target(input);
    if (find(record, qualifier) !== undefined) {
      throw conflict(
        `Failed to create function url config for [functionArn = ${this.#arn(record, qualifier)}]. Error message:  FunctionUrlConfig exists for this Lambda function`,
      );
    }
    if (input.AuthType === undefined) {
      throw validation("Value null at 'authType' failed to satisfy constraint: Member must not be null");
    }
    const now = new Date().toISOString();
    const url = changed({ UrlId: "", Qualifier: qualifier, CreationTime: now }, { AuthType: "NONE" }, input);
    const id = urlId(this.#arn(record, qualifier));
    return this.#put(record, { ...url, UrlId: id });
  }

  /** @throws {ServiceError} ResourceNotFoundException */
  get(functionName: string, qualifier?: string): FunctionUrlConfig {
    const { record, url } = this.#found({ FunctionName: functionName, Qualifier: qualifier });
    return this.#describe(record, url);
  }

  update(input: FunctionUrlInput): FunctionUrlConfig {
    const { record, url } = this.#found(input);
    return this.#put(record, changed(url, url, input));
  }

  delete(functionName: string, qualifier?: string): void {
    const { record, url } = this.#found({ FunctionName: functionName, Qualifier: qualifier });
    const urls = (record.urls ?? []).filter((each) => each !== url);
    this.#options.store.put({ ...record, urls });
  }

  list(functionName: string): readonly FunctionUrlConfig[] {
    const record = this.#options.functions.record(functionName);
    return (record.urls ?? []).map((url) => this.#describe(record, url));
  }

  /** The address with this id, if there is one. */
  byId(id: string): FoundFunctionUrl | undefined {
    for (const record of this.#options.store.all()) {
      const url = record.urls?.find(({ UrlId }) => UrlId === id);
      if (url !== undefined) return { url, record };
    }
    return undefined;
  }

  #target(input: { FunctionName: string; Qualifier?: string | undefined }): {
    record: FunctionRecord;
    qualifier: string | undefined;
  } {
    const { qualifier } = parseFunctionName(input.FunctionName, input.Qualifier);
    const record = this.#options.functions.record(input.FunctionName);
    if (qualifier !== undefined && !record.aliases.some(({ Name }) => Name === qualifier)) {
      throw resourceNotFound(`The resource you requested does not exist: an alias ${qualifier}`);
    }
    return { record, qualifier };
  }

  #found(input: { FunctionName: string; Qualifier?: string | undefined }): FoundFunctionUrl {
    const { record, qualifier } = this.#target(input);
    const url = find(record, qualifier);
    if (url === undefined) throw resourceNotFound("The resource you requested does not exist.");
    return { record, url };
  }

  #put(record: FunctionRecord, url: FunctionUrl): FunctionUrlConfig {
    const others = (record.urls ?? []).filter(({ Qualifier }) => Qualifier !== url.Qualifier);
    this.#options.store.put({ ...record, urls: [...others, url] });
    return this.#describe(record, url);
  }

  #describe(record: FunctionRecord, { UrlId, Qualifier, ...rest }: FunctionUrl): FunctionUrlConfig {
    return {
      ...rest,
      FunctionUrl: `${this.#options.endpoint()}${functionUrlPath}${UrlId}/`,
      FunctionArn: this.#arn(record, Qualifier),
    };
  }

  #arn({ latest }: FunctionRecord, qualifier: string | undefined): string {
    return qualifier === undefined ? latest.FunctionArn : `${latest.FunctionArn}:${qualifier}`;
  }
}

function find(record: FunctionRecord, qualifier: string | undefined): FunctionUrl | undefined {
  return record.urls?.find(({ Qualifier }) => Qualifier === qualifier);
}

function changed(
  identity: Pick<FunctionUrl, "UrlId" | "Qualifier" | "CreationTime">,
  before: Pick<FunctionUrl, "AuthType" | "Cors">,
  { AuthType, Cors = before.Cors, InvokeMode }: FunctionUrlInput,
): FunctionUrl {
  if (AuthType !== undefined && AuthType !== "NONE" && AuthType !== "AWS_IAM") {
    throw validation(
      `Value '${String(AuthType)}' at 'authType' failed to satisfy constraint: Member must satisfy enum value set: [NONE, AWS_IAM]`,
    );
  }
  if (InvokeMode !== undefined && InvokeMode !== "BUFFERED") {
    throw invalidParameter(
      `InvokeMode ${InvokeMode} is not offered by this local Lambda: it answers BUFFERED`,
    );
  }
  const { UrlId, Qualifier, CreationTime } = identity;
  return {
    UrlId,
    ...(Qualifier === undefined ? {} : { Qualifier }),
    AuthType: AuthType ?? before.AuthType,
    ...(Cors === undefined ? {} : { Cors }),
    InvokeMode: "BUFFERED",
    CreationTime,
    LastModifiedTime: new Date().toISOString(),
  };
}

/** The same for the same function, so that an address survives that its stack is made anew. */
function urlId(functionArn: string): string {
  const number = BigInt(`0x${createHash("sha256").update(functionArn).digest("hex")}`);
  return number.toString(36).slice(0, 32);
}
