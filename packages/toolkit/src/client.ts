/**
 * A node-postgres client that opens its connection as Aurora DSQL wants it: in its turn, with a token of its own, and
 * with an error that names the step that failed.
 *
 * The token is fetched before the socket is opened, so that the server never waits for a credential provider, and it is
 * forgotten when the connection stands.
 */
import type { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import { Client, type ClientConfig } from "pg";
import { type Attempt, ConnectError, explainConnectError } from "./connect-error.ts";
import type { ClusterAddress } from "./endpoint.ts";
import type { Pace } from "./pace.ts";
import type { TokenCache, TokenRequest } from "./token.ts";

export interface ClientSettings {
  readonly cluster: ClusterAddress;
  readonly tokens: TokenCache;
  readonly tokenRequest: TokenRequest;
  readonly pace: Pace;
  readonly connectTimeoutMs: number;
}

/** What is used of a client's connection. Not in its published types, though its events have been the same since pg 7. */
interface WireConnection extends EventEmitter {
  readonly stream: Duplex;
}

type Callback = (error: Error | null | undefined, client?: Client) => void;

/** @returns a class for `pg.Pool`'s option `Client`, which makes its clients without asking for more */
export function clientClass(settings: ClientSettings): new (config?: ClientConfig) => Client {
  return class extends Client {
    override connect(): Promise<this>;
    override connect(callback: Callback): void;
    override connect(callback?: Callback): Promise<this> | void {
      const opening = this.#open();
      if (callback === undefined) return opening;
      opening.then(
        () => {
          callback(undefined, this);
        },
        (error: unknown) => {
          callback(error as Error);
        },
      );
    }

    async #open(): Promise<this> {
      // Until the pool has its own listener: an error event that nobody hears would end the process.
      this.on("error", ignore);
      const progress = new Progress(this.#connection, settings.connectTimeoutMs);
      try {
        await progress.run("pace", settings.pace.wait());
        const { token, ageMs } = await progress.run(
          "credentials",
          settings.tokens.token(settings.tokenRequest),
        );
        progress.tokenAgeMs = ageMs;
        this.password = token;
        await super.connect();
        return this;
      } catch (error) {
        const explained = explainConnectError(error, progress.attempt(settings, this.port));
        // Tokens are cheap: after a refusal the next connection gets a new one, whatever the reason was.
        if (explained.isRefusal) settings.tokens.drop(settings.tokenRequest);
        // pg leaves the socket open when the handshake fails on its own side.
        this.#connection.stream.destroy();
        throw explained;
      } finally {
        this.password = undefined;
        progress.end();
        // After the callback above, which runs in a later turn of the microtask queue.
        setImmediate(() => this.off("error", ignore));
      }
    }

    get #connection(): WireConnection {
      return (this as unknown as { connection: WireConnection }).connection;
    }
  };
}

/** How far a handshake has come, and its end when it takes too long. */
class Progress {
  reached: Attempt["reached"] = "nothing";
  tokenAgeMs = 0;
  readonly #connection: WireConnection;
  readonly #timer: NodeJS.Timeout;
  readonly #timeout: Promise<never>;
  #timedOut = false;

  constructor(connection: WireConnection, timeoutMs: number) {
    this.#connection = connection;
    connection.once("connect", () => (this.reached = "tcp"));
    // The stream is the TLS socket by then.
    connection.once("sslconnect", () =>
      connection.stream.once("secureConnect", () => (this.reached = "tls")),
    );
    connection.once("authenticationCleartextPassword", () => (this.reached = "password"));
    let expire: (reason: Error) => void;
    this.#timeout = new Promise((_resolve, reject) => (expire = reject));
    this.#timeout.catch(ignore);
    this.#timer = setTimeout(() => {
      this.#timedOut = true;
      const reason = new Error("timed out");
      expire(reason);
      this.#connection.stream.destroy(reason);
    }, timeoutMs);
  }

  /** Waits for a step before the socket's. */
  async run<Result>(step: "pace" | "credentials", work: Promise<Result>): Promise<Result> {
    try {
      return await Promise.race([work, this.#timeout]);
    } catch (cause) {
      if (!this.#timedOut) throw cause;
      const hint =
        step === "pace" ? "Too many connections are being opened at once." : "No credentials came in time.";
      throw new ConnectError({ step, reason: "timed out", hint, cause });
    }
  }

  attempt({ cluster, tokenRequest }: ClientSettings, port: number): Attempt {
    const { reached, tokenAgeMs } = this;
    return {
      host: cluster.host,
      port,
      user: tokenRequest.user,
      cluster,
      reached,
      tokenAgeMs,
      timedOut: this.#timedOut,
    };
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

function ignore(): void {
  // The promise of connect() rejects with the same error.
}
