/** The command line of `npm run conformance` and what it says about where the judged server is. */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { DsqlSigner } from "@aws-sdk/dsql-signer";
import type { Target } from "./client/index.ts";

export const help = `npm run conformance -- [options]

Judges a server by its behaviour: starts a local cluster and judges that one, unless told where another is.

  --filter TEXT      only checks whose name contains TEXT
  --endpoint HOST    a real cluster, <id>.dsql.<region>.on.aws; its tables stay untouched (schemas of our own)
  --user NAME        database user (default admin)
  --token TOKEN      its token; without it one is made from the AWS credentials of the environment
  --host ADDRESS     address to connect to, when it is not the endpoint's
  --port PORT        default 5432
  --ca-file FILE     PEM of the certificate authority to trust
  --plain            no TLS and no token: a PostgreSQL, to see how it differs (with --host, --port, --user)
  --json             one line per check, as JSON
  --list             print the names of the checks and run none
  --help             print this
`;

export interface Options {
  readonly filter: string;
  readonly json: boolean;
  readonly list: boolean;
  readonly help: boolean;
  /** Absent: a local cluster is started. */
  readonly target?: Target;
}

/** @throws {TypeError} an unknown option, or one without its value */
export async function readOptions(args: readonly string[]): Promise<Options> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      filter: { type: "string", default: "" },
      endpoint: { type: "string" },
      user: { type: "string", default: "admin" },
      token: { type: "string" },
      host: { type: "string" },
      port: { type: "string", default: "5432" },
      "ca-file": { type: "string" },
      plain: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const { endpoint, user, token, host = endpoint, plain } = values;
  const common = { filter: values.filter, json: values.json, list: values.list, help: values.help };
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new TypeError("--port takes a number from 1 to 65535");
  if (plain) {
    if (host === undefined) throw new TypeError("--plain needs --host");
    return {
      ...common,
      target: { host, port, user, database: "postgres", password: () => Promise.resolve("") },
    };
  }
  if (endpoint === undefined || host === undefined) return common;
  const caFile = values["ca-file"];
  const ca = caFile === undefined ? {} : { ca: await readFile(caFile, "utf8") };
  const password = (name: string): Promise<string> =>
    token === undefined ? sign(endpoint, name) : Promise.resolve(token);
  return {
    ...common,
    target: { host, port, user, database: "postgres", tls: { servername: endpoint, ...ca }, password },
  };
}

/** A token from the AWS credentials that the environment offers; the Region is part of the endpoint's name. */
function sign(hostname: string, user: string): Promise<string> {
  const region = /\.dsql\.(?<region>[a-z0-9-]+)\.on\.aws$/.exec(hostname)?.groups?.["region"];
  if (region === undefined) throw new TypeError("--endpoint takes <id>.dsql.<region>.on.aws");
  const signer = new DsqlSigner({ hostname, region });
  return user === "admin" ? signer.getDbConnectAdminAuthToken() : signer.getDbConnectAuthToken();
}
