/**
 * The packages that Lambda's Node.js runtimes bring along, so that bundlers leave them out: the AWS SDK.
 *
 * Here they are those that this package depends on, the clients of the services that the local endpoint offers, and
 * those of the project that the endpoint was started in. Lambda has all clients, so code may load one that it never
 * uses, as the CDK's provider framework does: in CommonJS a client that is not there loads, and refuses to be made.
 *
 * Source: AWS Lambda Developer Guide, "Runtime-included SDK versions".
 */

import { createRequire } from "node:module";
import { join } from "node:path";
import { isNotFound } from "./module-errors.ts";

const namePattern = /^@(?:aws-sdk|smithy|aws-crypto)\//;
const clientPattern = /^@aws-sdk\/client-[a-z0-9-]+$/;

export function isProvided(specifier: string): boolean {
  return namePattern.test(specifier);
}

export class ProvidedPackages {
  readonly #requires: readonly NodeJS.Require[];

  /** @param projectFolder - where the endpoint was started */
  constructor(projectFolder: string) {
    this.#requires = [createRequire(import.meta.url), createRequire(join(projectFolder, "package.json"))];
  }

  /**
   * Loaded once per thread.
   * @throws {Error} with code MODULE_NOT_FOUND, and what to do
   */
  load(specifier: string, referrer: string, how: "require" | "import"): unknown {
    for (const require of this.#requires) {
      try {
        return require(specifier) as unknown;
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
    if (how === "require" && clientPattern.test(specifier)) return absentClient(specifier);
    throw Object.assign(
      new Error(`Cannot find module '${specifier}'\nRequire stack:\n- ${referrer}\n${advice(specifier)}`),
      { code: "MODULE_NOT_FOUND" },
    );
  }
}

function advice(specifier: string): string {
  const name = specifier.split("/").slice(0, 2).join("/");
  return (
    `This local Lambda runtime does not bring ${name} along. Put it into the zip: with the CDK's NodejsFunction, ` +
    `set bundling.externalModules to a list without it (an empty list bundles all). ` +
    `Or install it in the project that dsql-local is started in.`
  );
}

/** A module whose every export is a class that cannot be made. */
function absentClient(specifier: string): unknown {
  return new Proxy(
    {},
    {
      get: (_module, name) => {
        // What asks whether a module is a promise, or how it was compiled, gets the answer of a plain object.
        if (typeof name === "symbol" || name === "then" || name === "__esModule") return undefined;
        const exportName = name;
        return class {
          constructor() {
            throw new Error(`${exportName} of ${specifier} is not there. ${advice(specifier)}`);
          }
        };
      },
    },
  );
}
