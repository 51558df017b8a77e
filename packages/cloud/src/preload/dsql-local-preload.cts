/**
 * Takes connections to `<cluster>.dsql.<region>.on.aws` to the local cluster and trusts its certificate, so that an
 * application needs no change to run against either. For `NODE_OPTIONS=--require <this file>`, which `dsql env` prints,
 * and for the worker threads that run functions.
 *
 * It reads DSQL_LOCAL_HOST, DSQL_LOCAL_PORT and DSQL_LOCAL_CA_FILE, and does nothing without them. Every other host is left
 * alone. While it is loaded no connection can reach a cluster in AWS: all of them stay on this machine. Those to the two ports
 * of the service, 5432 and 443, and to the local cluster's own go there, which refuses names that are not its own; those to
 * another go to that port of this machine, where nothing listens, as nothing does in AWS.
 *
 * With DSQL_LOCAL_RESPONSES_PORT and DSQL_LOCAL_RESPONSES_CA_FILE, inside functions, the same is done for the address at
 * which a custom resource answers CloudFormation.
 *
 * CommonJS, because `--require` runs it in any Node.js and `--import` would start the ES module loader in each process. One
 * file without imports of ours: every Node.js program that starts reads it.
 */

type Options = Record<string, unknown>;

/** Where connections to some names are taken, and who vouches for what answers there. */
interface Destination {
  readonly name: RegExp;
  readonly host: string;
  readonly port: number;
  /** The ports of the name that lead there; undefined: all. */
  readonly ports?: readonly number[];
  readonly caFile: string;
  /** For connections with plain options. */
  secureContext?: unknown;
}

/** @param name - a host's, or anything else that a connection was given */
type FindDestination = (name: unknown) => Destination | undefined;

// A cluster's public name and the form that VPC endpoints have.
const clusterName = /^[a-z0-9]{26}\.dsql(?:-[a-z0-9]+)?\.[a-z0-9-]+\.on\.aws$/i;
/** PostgreSQL's protocol, and the same through WebSocket. */
const servicePorts = [5432, 443];
const responsesName = /^cloudformation-custom-resource-response\.dsql-local\.[a-z0-9-]+\.on\.aws$/;

install(destinationsIn(process.env));

/** Once in a process, however often it is loaded. */
function install(destinations: readonly Destination[]): void {
  const installed = Symbol.for("dsql-local.preload");
  const registry = globalThis as unknown as Record<symbol, boolean>;
  if (destinations.length === 0 || registry[installed] === true) return;
  registry[installed] = true;
  const destinationOf: FindDestination = (name) =>
    typeof name === "string" ? destinations.find((candidate) => candidate.name.test(name)) : undefined;
  redirectSockets(destinationOf);
  trustDestinations(destinationOf);
}

function destinationsIn(environment: NodeJS.ProcessEnv): Destination[] {
  const host = environment["DSQL_LOCAL_HOST"];
  const port = Number(environment["DSQL_LOCAL_PORT"]);
  const caFile = environment["DSQL_LOCAL_CA_FILE"];
  const responsesPort = Number(environment["DSQL_LOCAL_RESPONSES_PORT"]);
  const responsesCaFile = environment["DSQL_LOCAL_RESPONSES_CA_FILE"];
  if (host === undefined || !(port > 0) || caFile === undefined) return [];
  const cluster = { name: clusterName, host, port, ports: [...servicePorts, port], caFile };
  if (!(responsesPort > 0) || responsesCaFile === undefined) return [cluster];
  return [cluster, { name: responsesName, host, port: responsesPort, caFile: responsesCaFile }];
}

/** Every way to open a TCP connection ends here: net, tls, http and the drivers. */
function redirectSockets(destinationOf: FindDestination): void {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a CommonJS file on purpose
  const net = require("node:net") as typeof import("node:net");
  const prototype = net.Socket.prototype as unknown as { connect(...values: unknown[]): unknown };
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the socket as `this`
  const connect = prototype.connect;
  prototype.connect = function (...values: unknown[]): unknown {
    return connect.apply(this, redirected(values, destinationOf));
  };
}

/** `connect(options)`, `connect(port, host)`, and the array into which Node itself packs what it was given. */
function redirected(values: unknown[], destinationOf: FindDestination): unknown[] {
  const [first, second, ...rest] = values;
  if (Array.isArray(first)) {
    const packed: unknown[] = first;
    packed[0] = redirectedOptions(packed[0], destinationOf);
    return values;
  }
  const destination = destinationOf(second);
  if (destination !== undefined) return [portOf(first, destination), destination.host, ...rest];
  return [redirectedOptions(first, destinationOf), ...values.slice(1)];
}

function redirectedOptions(options: unknown, destinationOf: FindDestination): unknown {
  const destination = isOptions(options) ? destinationOf(options["host"]) : undefined;
  if (destination === undefined) return options;
  const port = portOf((options as Options)["port"], destination);
  return { ...(options as Options), host: destination.host, port };
}

function portOf(port: unknown, { port: local, ports }: Destination): unknown {
  return ports === undefined || ports.includes(Number(port)) ? local : port;
}

function isOptions(value: unknown): value is Options {
  return typeof value === "object" && value !== null;
}

/** Measured: this file makes a Node.js program start 4 ms later, nearly all of it for loading `node:net` and `node:tls`. */
function trustDestinations(destinationOf: FindDestination): void {
  /* eslint-disable @typescript-eslint/no-require-imports -- a CommonJS file on purpose */
  const tls = require("node:tls") as typeof import("node:tls");
  const { syncBuiltinESMExports } = require("node:module") as typeof import("node:module");
  /* eslint-enable @typescript-eslint/no-require-imports */
  const connect = tls.connect as (...values: unknown[]) => unknown;
  const trusting = trustingOptions(tls);
  tls.connect = ((...values: unknown[]) => {
    const at = values.findIndex(isOptions);
    const options = (values[at] ?? {}) as Options;
    const name = options["servername"] ?? options["host"] ?? values.find(destinationOf);
    const destination = destinationOf(name);
    if (destination === undefined) return connect(...values);
    return connect(...withOptions(values, at, trusting(options, destination)));
  }) as typeof tls.connect;
  syncBuiltinESMExports();
}

/** @param at - where the options are; below 0 where there are none, which then come before the callback */
function withOptions(values: readonly unknown[], at: number, options: Options): unknown[] {
  if (at >= 0) return values.with(at, options);
  const callbackAt = values.findIndex((value) => typeof value === "function");
  return values.toSpliced(callbackAt >= 0 ? callbackAt : values.length, 0, options);
}

/**
 * Adds the local certificate authority. Plain options share one secure context: to make one takes longer than the
 * handshake, and NODE_EXTRA_CA_CERTS would read the system's hundred and more certificates for each.
 */
function trustingOptions(
  tls: typeof import("node:tls"),
): (options: Options, destination: Destination) => Options {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a CommonJS file on purpose
  const { readFileSync } = require("node:fs") as typeof import("node:fs");
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
    const ca = authorities.get(destination.caFile) ?? readFileSync(destination.caFile, "utf8");
    authorities.set(destination.caFile, ca);
    if (contextOptions.every((name) => options[name] === undefined)) {
      destination.secureContext ??= tls.createSecureContext({ ca });
      return { ...options, secureContext: destination.secureContext };
    }
    const own = options["ca"];
    return { ...options, ca: own === undefined ? ca : [own, ca].flat() };
  };
}
