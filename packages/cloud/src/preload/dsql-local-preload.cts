/**
 * Takes connections to `<cluster>.dsql.<region>.on.aws` to the local cluster and trusts its certificate, so that an
 * application needs no change to run against either. For `NODE_OPTIONS=--require <this file>`, which `dsql env` prints,
 * and for the worker threads that run functions.
 *
 * It reads DSQL_LOCAL_HOST, DSQL_LOCAL_PORT and DSQL_LOCAL_CA_FILE, and does nothing without them. Every other host is left
 * alone. While it is loaded no connection can reach a cluster in AWS: all of them go to the local one, which refuses
 * names that are not its own.
 *
 * CommonJS, because `--require` runs it in any Node.js and `--import` would start the ES module loader in each process.
 */

(function install(): void {
  /* eslint-disable @typescript-eslint/no-require-imports -- a CommonJS file on purpose */
  const net = require("node:net") as typeof import("node:net");
  const { readFileSync } = require("node:fs") as typeof import("node:fs");
  const { syncBuiltinESMExports } = require("node:module") as typeof import("node:module");

  type Options = Record<string, unknown>;

  const host = process.env["DSQL_LOCAL_HOST"];
  const port = Number(process.env["DSQL_LOCAL_PORT"]);
  const caFile = process.env["DSQL_LOCAL_CA_FILE"];
  const installed = Symbol.for("dsql-local.preload");
  const registry = globalThis as unknown as Record<symbol, boolean>;
  if (host === undefined || !(port > 0) || caFile === undefined || registry[installed] === true) return;
  registry[installed] = true;

  // A cluster's public name and the form that VPC endpoints have.
  const clusterName = /^[a-z0-9]{26}\.dsql(?:-[a-z0-9]+)?\.[a-z0-9-]+\.on\.aws$/i;
  const isClusterName = (name: unknown): boolean => typeof name === "string" && clusterName.test(name);
  const isOptions = (value: unknown): value is Options => typeof value === "object" && value !== null;

  redirectSockets();
  trustClusters();

  /** Every way to open a TCP connection ends here: net, tls, http and the drivers. */
  function redirectSockets(): void {
    const prototype = net.Socket.prototype as unknown as { connect(...values: unknown[]): unknown };
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the socket as `this`
    const connect = prototype.connect;
    prototype.connect = function (...values: unknown[]): unknown {
      return connect.apply(this, redirected(values));
    };
  }

  /** `connect(options)`, `connect(port, host)`, and the array into which Node itself packs what it was given. */
  function redirected(values: unknown[]): unknown[] {
    const [first, second, ...rest] = values;
    if (Array.isArray(first)) {
      const packed: unknown[] = first;
      if (isOptions(packed[0]) && isClusterName(packed[0]["host"])) packed[0] = { ...packed[0], host, port };
      return values;
    }
    if (isOptions(first) && isClusterName(first["host"])) return [{ ...first, host, port }, second, ...rest];
    if (isClusterName(second)) return [port, host, ...rest];
    return values;
  }

  /** Measured: this file makes a Node.js program start 4 ms later, nearly all of it for loading `node:net` and `node:tls`. */
  function trustClusters(): void {
    const tls = require("node:tls") as typeof import("node:tls");
    const connect = tls.connect as (...values: unknown[]) => unknown;
    const trust = trustingOptions(tls);
    tls.connect = ((...values: unknown[]) => {
      const at = values.findIndex(isOptions);
      const options = (values[at] ?? {}) as Options;
      const name = options["servername"] ?? options["host"] ?? values.find(isClusterName);
      if (!isClusterName(name)) return connect(...values);
      if (at >= 0) return connect(...values.with(at, trust(options)));
      const callbackAt = values.findIndex((value) => typeof value === "function");
      return connect(...values.toSpliced(callbackAt >= 0 ? callbackAt : values.length, 0, trust({})));
    }) as typeof tls.connect;
    syncBuiltinESMExports();
  }

  /**
   * Adds the local certificate authority. Plain options share one secure context: to make one takes longer than the
   * handshake, and NODE_EXTRA_CA_CERTS would read the system's hundred and more certificates for each.
   */
  function trustingOptions(tls: typeof import("node:tls")): (options: Options) => Options {
    const contextOptions = [
      "ca",
      "cert",
      "key",
      "pfx",
      "crl",
      "ciphers",
      "minVersion",
      "maxVersion",
      "secureProtocol",
    ];
    let ca: string | undefined;
    let shared: unknown;
    return (options) => {
      if (options["secureContext"] !== undefined) return options;
      ca ??= readFileSync(caFile as string, "utf8");
      if (contextOptions.every((name) => options[name] === undefined)) {
        shared ??= tls.createSecureContext({ ca });
        return { ...options, secureContext: shared };
      }
      const own = options["ca"];
      return { ...options, ca: own === undefined ? ca : [own, ca].flat() };
    };
  }
})();
