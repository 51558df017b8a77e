/** Requests to `/_dsql/`: who may ask, and what is answered. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Cluster } from "@dsql-local/cluster";
import { Admission } from "./admission.ts";
import { ConsolePage } from "./console-page.ts";
import { ApiRefusal } from "./refusal.ts";
import type { ApiSecrets } from "./secrets.ts";
import { answerSnapshots } from "./snapshots-api.ts";

export type ObservedCluster = Pick<Cluster, "activity" | "conflicts" | "data" | "events" | "faults">;

export const apiPath = "/_dsql/";

/** A request below `/_dsql/api/` that is not answered here. */
export interface ApiRequest {
  readonly method: string;
  /** What follows `/_dsql/api/`. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** The body, parsed. @throws {ApiRefusal} it is no JSON, or too long */
  json(): Promise<unknown>;
}

/** What whoever starts the endpoint puts under `/_dsql/` beside the observations. */
export interface ConsoleParts {
  /** Where the page's files are. */
  readonly folder: string;
  /** @returns the answer as JSON; undefined where there is no such request. @throws {ApiRefusal} it is not granted */
  answer(request: ApiRequest): Promise<object | undefined>;
  close(): Promise<void>;
}

/** A fault is a few words, a statement a page; what is larger is neither. */
const bodyBytesMax = 64 * 1024;
/** Streams of events at once; one more is refused. */
const streamsMax = 32;

export class ObservationApi {
  readonly #cluster: ObservedCluster;
  readonly #admission: Admission;
  readonly #console: ConsoleParts | undefined;
  readonly #page: ConsolePage | undefined;
  readonly #streams = new Set<ServerResponse>();

  constructor(cluster: ObservedCluster, secrets: ApiSecrets, console?: ConsoleParts) {
    this.#cluster = cluster;
    this.#admission = new Admission(secrets);
    this.#console = console;
    this.#page = console && new ConsolePage(console.folder, this.#admission);
  }

  /** Answers in any case. */
  async handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    try {
      this.#admission.refuseForeign(incoming);
      const url = new URL(incoming.url ?? "/", "http://localhost");
      if (this.#page !== undefined && !/^\/_dsql\/(?:api\/|faults$)/.test(url.pathname)) {
        this.#page.serve(incoming, outgoing, url);
        return;
      }
      this.#admission.requireSecret(incoming);
      await this.#answer(incoming, outgoing);
    } catch (error) {
      const refusal = error instanceof ApiRefusal ? error : undefined;
      if (outgoing.headersSent) outgoing.destroy();
      else {
        if (!incoming.complete) outgoing.setHeader("connection", "close");
        sendJson(outgoing, refusal?.status ?? 500, { error: refusal?.message ?? "the request failed" });
      }
    }
  }

  /** Ends the streams, and what the console has open. */
  async close(): Promise<void> {
    for (const stream of this.#streams) stream.end();
    await this.#console?.close();
  }

  async #answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? "/", "http://localhost");
    const path = url.pathname === "/_dsql/faults" ? "/_dsql/api/faults" : url.pathname;
    const { faults } = this.#cluster;
    const fault = /^\/_dsql\/api\/faults\/(\d+)$/.exec(path)?.[1];
    if (fault !== undefined && incoming.method === "DELETE") {
      if (!faults.end(Number(fault))) throw new ApiRefusal(404, `there is no fault ${fault}`);
      sendJson(outgoing, 200, { faults: faults.list() });
      return;
    }
    const { method = "" } = incoming;
    const body = async (): Promise<unknown> => parsed(await bodyOf(incoming));
    const snapshots = path.startsWith("/_dsql/api/snapshots")
      ? await answerSnapshots(this.#cluster.data, { method, path, body })
      : undefined;
    if (snapshots !== undefined) {
      sendJson(outgoing, snapshots.status, snapshots.body);
      return;
    }
    switch (`${method} ${path}`) {
      case "GET /_dsql/api/conflicts":
        sendJson(outgoing, 200, { conflicts: this.#conflictsSince(url.searchParams.get("since")) });
        return;
      case "GET /_dsql/api/activity":
        sendJson(outgoing, 200, this.#cluster.activity());
        return;
      case "GET /_dsql/api/events/stream":
        this.#stream(outgoing);
        return;
      case "GET /_dsql/api/faults":
        sendJson(outgoing, 200, { faults: faults.list() });
        return;
      case "POST /_dsql/api/faults":
        sendJson(outgoing, 201, { fault: this.#inject(await bodyOf(incoming)) });
        return;
      case "DELETE /_dsql/api/faults":
        faults.clear();
        sendJson(outgoing, 200, { faults: [] });
        return;
      default:
        sendJson(outgoing, 200, await this.#consoleAnswer(incoming, url));
    }
  }

  async #consoleAnswer(incoming: IncomingMessage, url: URL): Promise<object> {
    const answer = await this.#console?.answer({
      method: incoming.method ?? "",
      path: url.pathname.slice("/_dsql/api/".length),
      query: url.searchParams,
      json: async () => parsed(await bodyOf(incoming)),
    });
    if (answer !== undefined) return answer;
    throw new ApiRefusal(404, "there is no such request; docs/guides/console.md lists those that there are");
  }

  #conflictsSince(since: string | null): ReturnType<ObservedCluster["conflicts"]> {
    if (since !== null && !/^\d{1,15}$/.test(since))
      throw new ApiRefusal(400, `since is the id of a conflict, not ${JSON.stringify(since)}`);
    return this.#cluster.conflicts().filter(({ id }) => id > Number(since ?? 0));
  }

  #inject(body: string): object {
    const given = parsed(body, `; a fault is an object such as {"kind":"conflict"}`);
    try {
      const { id, options, matched, injected } = this.#cluster.faults.inject(given as never);
      return { id, options, matched, injected };
    } catch (error) {
      if (error instanceof RangeError) throw new ApiRefusal(400, error.message);
      throw error;
    }
  }

  /** Server-sent events, from now on. Those that the reader does not take in time are left out, and counted. */
  #stream(outgoing: ServerResponse): void {
    if (this.#streams.size >= streamsMax)
      throw new ApiRefusal(503, `there are ${streamsMax} streams already`);
    outgoing.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    outgoing.write(": events follow\n\n");
    let missed = 0;
    const end = this.#cluster.events.onAny(({ name, ...event }) => {
      if (outgoing.writableNeedDrain) {
        missed += 1;
        return;
      }
      if (missed > 0) outgoing.write(`event: missed\ndata: ${missed}\n\n`);
      missed = 0;
      outgoing.write(`event: ${name}\ndata: ${JSON.stringify(event, withLists)}\n\n`);
    });
    this.#streams.add(outgoing);
    outgoing.on("close", () => {
      end();
      this.#streams.delete(outgoing);
    });
  }
}

function withLists(_name: string, value: unknown): unknown {
  return value instanceof Set ? [...(value as Set<unknown>)] : value;
}

function parsed(body: string, hint = ""): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new ApiRefusal(400, `the body is no JSON${hint}`);
  }
}

function sendJson(outgoing: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  outgoing.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
  });
  outgoing.end(text);
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) throw new ApiRefusal(413, `a body has at most ${bodyBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
