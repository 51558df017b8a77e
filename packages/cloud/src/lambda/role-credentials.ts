/**
 * The credentials that functions find in their environment: temporary ones of their role, which trusts Lambda.
 *
 * Kept per role and function, since the session carries the function's name, and renewed before they expire.
 */

import type { Credential, Identities } from "@dsql-local/account";
import { invalidParameter } from "./errors.ts";

const sessionSeconds = 3_600;
/** Tokens that a function signs just before the renewal must live their 15 minutes. */
const renewBeforeMs = 20 * 60_000;

export class RoleCredentials {
  readonly #identities: Identities;
  readonly #nowMs: () => number;
  readonly #known = new Map<string, Credential>();

  constructor(identities: Identities, nowMs: () => number = Date.now) {
    this.#identities = identities;
    this.#nowMs = nowMs;
  }

  /**
   * @returns the credentials as environment variables
   * @throws {ServiceError} InvalidParameterValueException: there is no such role, or it does not trust Lambda
   */
  variables(functionName: string, roleArn: string): Record<string, string> {
    const key = `${functionName} ${roleArn}`;
    let credential = this.#known.get(key);
    if (credential === undefined || this.#isOld(credential)) {
      credential = this.#assume(functionName, roleArn);
      this.#known.set(key, credential);
    }
    return {
      AWS_ACCESS_KEY_ID: credential.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credential.secretAccessKey,
      AWS_SESSION_TOKEN: credential.sessionToken ?? "",
    };
  }

  isRenewalDue(functionName: string, roleArn: string): boolean {
    const credential = this.#known.get(`${functionName} ${roleArn}`);
    return credential !== undefined && this.#isOld(credential);
  }

  /** Asks the role's trust policy, by assuming it once. */
  check(functionName: string, roleArn: string): void {
    this.#known.delete(`${functionName} ${roleArn}`);
    this.variables(functionName, roleArn);
  }

  forget(functionName: string): void {
    for (const key of this.#known.keys()) if (key.startsWith(`${functionName} `)) this.#known.delete(key);
  }

  #assume(functionName: string, roleArn: string): Credential {
    try {
      return this.#identities.assumeRole({
        roleArn,
        // A session's name has at least two characters, a function's may have one.
        sessionName: functionName.padEnd(2, "_"),
        durationSeconds: sessionSeconds,
        service: "lambda.amazonaws.com",
      });
    } catch (error) {
      throw invalidParameter("The role defined for the function cannot be assumed by Lambda.", error);
    }
  }

  #isOld({ expiresAtMs }: Credential): boolean {
    return expiresAtMs !== undefined && expiresAtMs - this.#nowMs() < renewBeforeMs;
  }
}
