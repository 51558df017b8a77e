/**
 * The Regions of the account: each is there from the first request that is signed for it, bootstrapped for the CDK.
 *
 *   <dataDir>/                    the home Region, the one that the stack was started in
 *   <dataDir>/regions/<region>/   every other one that was ever asked for
 *
 * Always true: a Region's services see no request before its stacks are read and its account is bootstrapped.
 */

import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { bootstrapAccount } from "./bootstrap.ts";
import type { RegionalServiceName, RegionalServices } from "./regional-services.ts";
import type { UrlRequest } from "./lambda/index.ts";
import { regionPattern, ServiceError, type Caller, type Service, type ServiceResponse } from "./service.ts";

export interface RegionsOptions {
  readonly home: string;
  readonly dataDir: string;
  readonly create: (region: string, dataDir: string) => RegionalServices;
  /** In whose name a Region is bootstrapped. */
  readonly administrator: Caller;
}

/** AWS has some thirty; past it a further one is refused. */
const regionsMax = 50;

export class Regions {
  readonly #options: RegionsOptions;
  readonly #folder: string;
  /** Those whose services take requests. */
  readonly #open = new Map<string, RegionalServices>();
  /** Those that are being opened. */
  readonly #opening = new Map<string, Promise<RegionalServices>>();
  #isStopped = false;

  constructor(options: RegionsOptions) {
    this.#options = options;
    this.#folder = join(options.dataDir, "regions");
  }

  /** Opens the home Region, and every other one that an earlier run had, since it may have work to finish. */
  async start(): Promise<void> {
    mkdirSync(this.#folder, { recursive: true });
    await this.#opened(this.#options.home);
    for (const region of readdirSync(this.#folder)) {
      if (regionPattern.test(region)) await this.#opened(region);
    }
  }

  /**
   * A service of a Region; one that nobody has asked for before is opened.
   *
   * @param region - fit to name a folder: `regionPattern` has been checked
   * @throws {ServiceError} InvalidSignatureException: there is no room for another Region
   */
  service(name: RegionalServiceName, region: string): Service | Promise<Service> {
    const open = this.#open.get(region);
    if (open !== undefined) return open.services[name];
    return this.#opened(region).then(({ services }) => services[name]);
  }

  /** Serves a function's address, whichever Region the function is in. */
  async handleFunctionUrl(request: UrlRequest, caller: Caller | undefined): Promise<ServiceResponse> {
    const owner = this.#all().find(({ lambda }) => lambda.urlRequests.isKnown(request.path));
    const { lambda } = owner ?? (await this.#opened(this.#options.home));
    return lambda.urlRequests.handle(request, caller);
  }

  /** Serves an HTTP API, whichever Region it is in. */
  async handleHttpApi(request: UrlRequest): Promise<ServiceResponse> {
    const owner = this.#all().find(({ httpApiRequests }) => httpApiRequests.isKnown(request.path));
    const { httpApiRequests } = owner ?? (await this.#opened(this.#options.home));
    return await httpApiRequests.handle(request);
  }

  /** Deployments first, which use functions, custom resources' in any Region; then the functions. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.allSettled(this.#opening.values());
    await Promise.all(this.#all().map(({ cloudFormation }) => cloudFormation.stop()));
    await Promise.all(this.#all().map(({ lambda }) => lambda.stop()));
  }

  #all(): readonly RegionalServices[] {
    return [...this.#open.values()];
  }

  async #opened(region: string): Promise<RegionalServices> {
    const open = this.#open.get(region);
    if (open !== undefined) return open;
    const underWay = this.#opening.get(region);
    if (underWay !== undefined) return underWay;
    const opening = this.#openRegion(region).finally(() => this.#opening.delete(region));
    this.#opening.set(region, opening);
    return opening;
  }

  async #openRegion(region: string): Promise<RegionalServices> {
    const { home, dataDir, create, administrator } = this.#options;
    this.#refuseUnlessPossible();
    const regional = create(region, region === home ? dataDir : join(this.#folder, region));
    try {
      regional.cloudFormation.start();
      await bootstrapAccount(regional.cloudFormation, administrator, region);
      regional.lambda.start();
    } catch (error) {
      await regional.cloudFormation.stop();
      await regional.lambda.stop();
      throw error;
    }
    this.#open.set(region, regional);
    return regional;
  }

  #refuseUnlessPossible(): void {
    const refuse = (message: string): never => {
      throw new ServiceError({ code: "InvalidSignatureException", message, status: 403 });
    };
    if (this.#isStopped) refuse("The local endpoint is stopping.");
    if (this.#open.size + this.#opening.size >= regionsMax) {
      const names = [...this.#open.keys()].join(", ");
      refuse(
        `This endpoint has ${regionsMax} Regions already: ${names}. Use one of these; one that is not needed goes with its folder, ${this.#folder}/<region>, while the stack is stopped.`,
      );
    }
  }
}
