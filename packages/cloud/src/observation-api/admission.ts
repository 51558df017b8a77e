/**
 * Who may ask `/_dsql/`: a program that shows the token, or the console's page, which has a cookie for it.
 *
 * A browser sends that cookie for whatever page asks, so what a page of another origin sends is refused by what the browser
 * says of it (Origin, Sec-Fetch-Site), and a foreign name that was made to lead to this machine by the Host header.
 */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { ApiRefusal } from "./refusal.ts";
import { type ApiSecrets, isSecret } from "./secrets.ts";

export class Admission {
  readonly #secrets: ApiSecrets;

  constructor(secrets: ApiSecrets) {
    this.#secrets = secrets;
  }

  /** @throws {ApiRefusal} it is of a foreign page, or asks for this machine by a foreign name */
  refuseForeign({ headers }: IncomingMessage): void {
    const { host = "", origin } = headers;
    // A foreign name may lead here, too: a page that it belongs to would be of the same origin.
    if (!/^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/.test(host))
      throw new ApiRefusal(403, `ask for 127.0.0.1 or localhost, not for ${JSON.stringify(host)}`);
    if (origin !== undefined && origin !== `http://${host}`)
      throw new ApiRefusal(403, "another origin may not ask");
  }

  /** @throws {ApiRefusal} it shows neither the token nor the cookie */
  requireSecret({ headers }: IncomingMessage): void {
    const bearer = /^Bearer (\S+)$/.exec(headers.authorization ?? "")?.[1];
    if (bearer !== undefined && isSecret(bearer, this.#secrets.token)) return;
    if (bearer === undefined && this.#hasCookie(headers)) {
      // Another port of this machine is the same site to a browser, and gets the cookie sent along.
      const site = headers["sec-fetch-site"] ?? "same-origin";
      if (site === "same-origin" || site === "none") return;
      throw new ApiRefusal(403, "another origin may not ask");
    }
    throw new ApiRefusal(
      401,
      "send the header `Authorization: Bearer` with the token in cloud/api-token of the data directory",
    );
  }

  isSignedIn({ headers }: IncomingMessage): boolean {
    return this.#hasCookie(headers);
  }

  /** @returns the Set-Cookie header for who shows the token of this start; undefined for any other */
  signIn(token: string, { headers }: IncomingMessage): string | undefined {
    if (!isSecret(token, this.#secrets.token)) return undefined;
    return `${cookieName(headers)}=${this.#secrets.cookie}; Path=/_dsql/; HttpOnly; SameSite=Strict`;
  }

  #hasCookie(headers: IncomingHttpHeaders): boolean {
    const name = `${cookieName(headers)}=`;
    const pairs = (headers.cookie ?? "").split(/; */);
    return pairs.some(
      (pair) => pair.startsWith(name) && isSecret(pair.slice(name.length), this.#secrets.cookie),
    );
  }
}

/** Cookies know no ports: two stacks on this machine must not take each other's. */
function cookieName({ host = "" }: IncomingHttpHeaders): string {
  return `dsql-console-${/:(\d+)$/.exec(host)?.[1] ?? "80"}`;
}
