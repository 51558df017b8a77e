/** The console's page and what belongs to it, for a browser that has signed in. */
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join } from "node:path";
import type { Admission } from "./admission.ts";
import { ApiRefusal } from "./refusal.ts";

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
};

export class ConsolePage {
  readonly #folder: string;
  readonly #admission: Admission;

  /** @param folder - its files, `index.html` among them; no other file is ever read */
  constructor(folder: string, admission: Admission) {
    this.#folder = folder;
    this.#admission = admission;
  }

  /** @throws {ApiRefusal} there is no such file, or it is asked for without having signed in */
  serve(incoming: IncomingMessage, outgoing: ServerResponse, url: URL): void {
    if (incoming.method !== "GET" && incoming.method !== "HEAD")
      throw new ApiRefusal(405, "the console is read by GET");
    const token = url.searchParams.get("token");
    if (token !== null) {
      this.#signIn(token, incoming, outgoing);
      return;
    }
    if (!this.#admission.isSignedIn(incoming)) {
      sendWords(outgoing, signInWords);
      return;
    }
    const name = url.pathname.slice("/_dsql/".length) || "index.html";
    if (!readdirSync(this.#folder).includes(name)) throw new ApiRefusal(404, "there is no such file");
    const nonce = randomBytes(16).toString("base64url");
    const bytes = readFileSync(join(this.#folder, name));
    const body = name === "index.html" ? bytes.toString("utf8").replaceAll("{{nonce}}", nonce) : bytes;
    outgoing.writeHead(200, {
      ...safeHeaders(nonce),
      "content-type": contentTypes[extname(name)] ?? "application/octet-stream",
    });
    outgoing.end(incoming.method === "HEAD" ? undefined : body);
  }

  /** The token goes from the address bar and the history: what is loaded is another address. */
  #signIn(token: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
    const cookie = this.#admission.signIn(token, incoming);
    if (cookie === undefined) {
      sendWords(outgoing, staleWords);
      return;
    }
    outgoing.writeHead(303, { ...safeHeaders(""), location: "/_dsql/", "set-cookie": cookie });
    outgoing.end();
  }
}

const signInWords =
  "This console opens with the address that `dsql start` and `dsql console` print: it carries a token.";
const staleWords =
  "This address is of an earlier start of the stack: its token is no longer good. `npx dsql console` prints the new one.";

function sendWords(outgoing: ServerResponse, words: string): void {
  outgoing.writeHead(401, { ...safeHeaders(""), "content-type": "text/plain; charset=utf-8" });
  outgoing.end(`${words}\n`);
}

/** Nothing foreign is loaded, sent to, or may frame the page. Styles that the editor makes carry the nonce. */
function safeHeaders(nonce: string): Record<string, string> {
  const styles = nonce === "" ? "'self'" : `'self' 'nonce-${nonce}'`;
  return {
    "content-security-policy": [
      "default-src 'none'",
      "script-src 'self'",
      `style-src ${styles}`,
      "img-src 'self'",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join("; "),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
  };
}
