/**
 * Takes connections to `<cluster>.dsql.<region>.on.aws` to the local cluster and trusts its certificate, so that an
 * application needs no change to run against either. For `NODE_OPTIONS=--require <this file>`, which `dsql env` prints,
 * and for the worker threads that run functions.
 *
 * It reads DSQL_LOCAL_HOST, DSQL_LOCAL_PORT and DSQL_LOCAL_CA_FILE, and does nothing without them. Every other host is left
 * alone. While it is loaded no connection can reach a cluster in AWS: all of them go to the local one, which refuses
 * names that are not its own.
 *
 * With DSQL_LOCAL_RESPONSES_PORT and DSQL_LOCAL_RESPONSES_CA_FILE, inside functions, the same is done for the address at
 * which a custom resource answers CloudFormation.
 *
 * CommonJS, because `--require` runs it in any Node.js and `--import` would start the ES module loader in each process.
 */

type Options = Record<string, unknown>;

/** Where connections to some names are taken, and who vouches for what answers there. */
interface Destination {
  readonly name: RegExp;
  readonly host: string;
  readonly port: number;
  readonly caFile: string;
  /** For connections with plain options. */
  secureContext?: unknown;
}

/**
 * Adds the local certificate authority. Plain options share one secure context: to make one takes longer than the
 * handshake, and NODE_EXTRA_CA_CERTS would read the system's hundred and more certificates for each.
 */
function trustingOptions(
  tls: typeof import("node:tls"),
  readFile: (file: string, encoding: "utf8") => string,
): (options: Options, destination: Destination) => Options {
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
  const authorities = new Map<string, string>();
  return (options, destination) => {
    if (options["secureContext"] !== undefined) return options;
    const ca = authorities.get(destination.caFile) ?? readFile(destination.caFile, "utf8");
    authorities.set(destination.caFile, ca);
    if (contextOptions.every((name) => options[name] === undefined)) {
      destination.secureContext ??= tls.createSecureContext({ ca });
      return { ...options, secureContext: destination.secureContext };
    }
    const own = options["ca"];
    return { ...options, ca: own === undefined ? ca : [own, ca].flat() };
  };
}

(function install(): void {
  /* eslint-disable @typescript-eslint/no-require-imports -- a CommonJS file on purpose */
  const net = require("node:net") as typeof import("node:net");
  const { readFileSync } = require("node:fs") as typeof import("node:fs");
  const { syncBuiltinESMExports } = require("node:module") as typeof import("node:module");

  const host = process.env["DSQL_LOCAL_HOST"];
  const port = Number(process.env["DSQL_LOCAL_PORT"]);
  const caFile = process.env["DSQL_LOCAL_CA_FILE"];
  const responsesPort = Number(process.env["DSQL_LOCAL_RESPONSES_PORT"]);
  const responsesCaFile = process.env["DSQL_LOCAL_RESPONSES_CA_FILE"];
  const installed = Symbol.for("dsql-local.preload");
  const registry = globalThis as unknown as Record<symbol, boolean>;
  if (host === undefined || !(port > 0) || caFile === undefined || registry[installed] === true) return;
  registry[installed] = true;

  // A cluster's public name and the form that VPC endpoints have.
  const clusterName = /^[a-z0-9]{26}\.dsql(?:-[a-z0-9]+)?\.[a-z0-9-]+\.on\.aws$/i;
  const responsesName = /^cloudformation-custom-resource-response\.dsql-local\.[a-z0-9-]+\.on\.aws$/;
  const destinations: Destination[] = [{ name: clusterName, host, port, caFile }];
  if (responsesPort > 0 && responsesCaFile !== undefined) {
    destinations.push({ name: responsesName, host, port: responsesPort, caFile: responsesCaFile });
  }
  const destinationOf = (name: unknown): Destination | undefined =>
    typeof name === "string" ? destinations.find((candidate) => candidate.name.test(name)) : undefined;
  const isOptions = (value: unknown): value is Options => typeof value === "object" && value !== null;

  redirectSockets();
  trustDestinations();

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
      packed[0] = redirectedOptions(packed[0]);
      return values;
    }
    const destination = destinationOf(second);
    if (destination !== undefined) return [destination.port, destination.host, ...rest];
    return [redirectedOptions(first), ...values.slice(1)];
  }

  function redirectedOptions(options: unknown): unknown {
    const destination = isOptions(options) ? destinationOf(options["host"]) : undefined;
    if (destination === undefined) return options;
    return { ...(options as Options), host: destination.host, port: destination.port };
  }

  /** Measured: this file makes a Node.js program start 4 ms later, nearly all of it for loading `node:net` and `node:tls`. */
  function trustDestinations(): void {
    const tls = require("node:tls") as typeof import("node:tls");
    const connect = tls.connect as (...values: unknown[]) => unknown;
    const trust = trustingOptions(tls, readFileSync);
    tls.connect = ((...values: unknown[]) => {
      const at = values.findIndex(isOptions);
      const options = (values[at] ?? {}) as Options;
      const name = options["servername"] ?? options["host"] ?? values.find(destinationOf);
      const destination = destinationOf(name);
      if (destination === undefined) return connect(...values);
      if (at >= 0) return connect(...values.with(at, trust(options, destination)));
      const callbackAt = values.findIndex((value) => typeof value === "function");
      return connect(
        ...values.toSpliced(callbackAt >= 0 ? callbackAt : values.length, 0, trust({}, destination)),
      );
    }) as typeof tls.connect;
    syncBuiltinESMExports();
  }
})();
