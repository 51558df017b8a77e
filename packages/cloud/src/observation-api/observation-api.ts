/** Requests to `/_dsql/`: who may ask, and what is answered. */
import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Cluster } from "@dsql-local/cluster";

export type ObservedCluster = Pick<Cluster, "conflicts" | "events" | "faults">;

export const apiPath = "/_dsql/";

/** A fault is a few words; what is larger is none. */
const bodyBytesMax = 64 * 1024;
/** Streams of events at once; one more is refused. */
const streamsMax = 32;

export class ObservationApi {
  readonly #cluster: ObservedCluster;
  readonly #token: Buffer;
  readonly #streams = new Set<ServerResponse>();

  constructor(cluster: ObservedCluster, token: string) {
    this.#cluster = cluster;
    this.#token = Buffer.from(token);
  }

  /** Answers in any case. */
  async handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    try {
      this.#admit(incoming);
      await this.#answer(incoming, outgoing);
    } catch (error) {
      const refusal = error instanceof Refusal ? error : undefined;
      if (outgoing.headersSent) outgoing.destroy();
      else {
        if (!incoming.complete) outgoing.setHeader("connection", "close");
        sendJson(outgoing, refusal?.status ?? 500, { error: refusal?.message ?? "the request failed" });
      }
    }
  }

  /** Ends the streams. */
  close(): void {
    for (const stream of this.#streams) stream.end();
  }

  #admit({ headers }: IncomingMessage): void {
    const { host = "", origin, authorization = "" } = headers;
    // A foreign name may lead here, too: a page that it belongs to would be of the same origin.
    if (!/^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/.test(host))
      throw new Refusal(403, `ask for 127.0.0.1 or localhost, not for ${JSON.stringify(host)}`);
    if (origin !== undefined && origin !== `http://${host}`)
      throw new Refusal(403, "another origin may not ask");
    const shown = Buffer.from(/^Bearer (\S+)$/.exec(authorization)?.[1] ?? "");
    if (shown.length !== this.#token.length || !timingSafeEqual(shown, this.#token))
      throw new Refusal(
        401,
        "send the header `Authorization: Bearer` with the token in cloud/api-token of the data directory",
      );
  }

  async #answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? "/", "http://localhost");
    const path = url.pathname === "/_dsql/faults" ? "/_dsql/api/faults" : url.pathname;
    const { faults } = this.#cluster;
    const fault = /^\/_dsql\/api\/faults\/(\d+)$/.exec(path)?.[1];
    if (fault !== undefined && incoming.method === "DELETE") {
      if (!faults.end(Number(fault))) throw new Refusal(404, `there is no fault ${fault}`);
      sendJson(outgoing, 200, { faults: faults.list() });
      return;
    }
    switch (`${incoming.method ?? ""} ${path}`) {
      case "GET /_dsql/api/conflicts":
        sendJson(outgoing, 200, { conflicts: this.#conflictsSince(url.searchParams.get("since")) });
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
        throw new Refusal(
          404,
          "there is GET api/conflicts, GET api/events/stream, and GET, POST and DELETE api/faults",
        );
    }
  }

  #conflictsSince(since: string | null): ReturnType<ObservedCluster["conflicts"]> {
    if (since !== null && !/^\d{1,15}$/.test(since))
      throw new Refusal(400, `since is the id of a conflict, not ${JSON.stringify(since)}`);
    return this.#cluster.conflicts().filter(({ id }) => id > Number(since ?? 0));
  }

  #inject(body: string): object {
    let given: unknown;
    try {
      given = JSON.parse(body);
    } catch {
      throw new Refusal(400, `the body is no JSON; a fault is an object such as {"kind":"conflict"}`);
    }
    try {
      const { id, options, matched, injected } = this.#cluster.faults.inject(given as never);
      return { id, options, matched, injected };
    } catch (error) {
      if (error instanceof RangeError) throw new Refusal(400, error.message);
      throw error;
    }
  }

  /** Server-sent events, from now on. Those that the reader does not take in time are left out, and counted. */
  #stream(outgoing: ServerResponse): void {
    if (this.#streams.size >= streamsMax) throw new Refusal(503, `there are ${streamsMax} streams already`);
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

class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

function withLists(_name: string, value: unknown): unknown {
  return value instanceof Set ? [...(value as Set<unknown>)] : value;
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
    if (bytes > bodyBytesMax) throw new Refusal(413, `a fault has at most ${bodyBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
