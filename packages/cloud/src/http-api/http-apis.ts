/**
 * The HTTP APIs of a Region: what is kept of them, and where they are reached.
 *
 * In AWS an API is `https://<id>.execute-api.<region>.amazonaws.com`. Here it is a path of the local endpoint, since no
 * client would find that name on this machine.
 *
 * Source: Amazon API Gateway V2 API Reference.
 */

import { join } from "node:path";

import type { FunctionUrlCors } from "../lambda/index.ts";
import { ServiceError } from "../service.ts";
import { StateList } from "../state-file.ts";
import { anything, byName, object, optional, text } from "../state-shape.ts";

/** Every API's address begins with it; what follows is its id. */
export const httpApiPath = "/http-api/";

export interface Integration {
  readonly functionArn: string;
  readonly timeoutMs: number;
}

export interface Route {
  /** `GET /items/{id}`, or `$default`. */
  readonly routeKey: string;
  readonly integrationId: string;
}

export interface Stage {
  readonly variables?: Readonly<Record<string, string>>;
}

export interface HttpApi {
  readonly apiId: string;
  readonly name: string;
  readonly cors?: FunctionUrlCors;
  /** By their ids, stages by their names. */
  readonly integrations: Readonly<Record<string, Integration>>;
  readonly routes: Readonly<Record<string, Route>>;
  readonly stages: Readonly<Record<string, Stage>>;
}

const apiShape = object({
  apiId: text,
  name: text,
  cors: optional(anything),
  integrations: byName(object({ functionArn: text })),
  routes: byName(object({ routeKey: text, integrationId: text })),
  stages: byName(object({})),
});

export class HttpApis {
  readonly #apis: StateList<HttpApi>;
  readonly #endpoint: () => string;
  readonly #region: string;

  /** @throws {Error} the state file is damaged */
  constructor(options: { dataDir: string; region: string; endpoint: () => string }) {
    const file = join(options.dataDir, "http-apis.json");
    this.#apis = new StateList({ file, item: apiShape, nameOf: ({ apiId }) => apiId });
    this.#endpoint = options.endpoint;
    this.#region = options.region;
  }

  find(apiId: string): HttpApi | undefined {
    return this.#apis.find(apiId);
  }

  /** @throws {ServiceError} NotFoundException */
  get(apiId: string): HttpApi {
    const found = this.find(apiId);
    if (found !== undefined) return found;
    throw new ServiceError({
      code: "NotFoundException",
      message: `Invalid API identifier specified: ${apiId}`,
      status: 404,
    });
  }

  put(api: HttpApi): void {
    this.#apis.set(api);
  }

  delete(apiId: string): void {
    this.#apis.delete(apiId);
  }

  /** Without a slash at its end. */
  addressOf(apiId: string): string {
    return `${this.#endpoint()}${httpApiPath}${apiId}`;
  }

  /**
   * A text in which the address that an API has in AWS stands, with the one that it has here: the CDK puts the name together
   * by itself, in outputs and in functions' variables.
   */
  withLocalAddresses(written: string): string {
    return written.replace(awsAddress, (address, apiId: string, region: string) =>
      region === this.#region && this.find(apiId) !== undefined ? this.addressOf(apiId) : address,
    );
  }
}

const awsAddress = /https:\/\/([a-z0-9]{10})\.execute-api\.([a-z0-9-]+)\.amazonaws\.com/g;
