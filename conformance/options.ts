/** The command line of `npm run conformance` and what it says about where the judged server is. */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { DsqlSigner } from "@aws-sdk/dsql-signer";
import type { Target } from "./client/index.ts";

export const help = `npm run conformance -- [options]

Judges a server by its behaviour: starts a local cluster and judges that one, unless told where another is.

  --filter TEXT      only checks whose name contains TEXT
  --list             print the names of the checks and run none
  --json             one line per check, as JSON
  --help             print this

A cluster in AWS, or any other server:
  --endpoint HOST    <id>.dsql.<region>.on.aws
  --region REGION    when the endpoint's name does not tell it
  --user NAME        database user (default admin, whom some checks need)
  --token TOKEN      its token; otherwise PGPASSWORD; otherwise one is made for each connection from the AWS
                     credentials of the environment (profile, SSO, role: the SDK's default chain)
  --principal ARN    of the IAM role whose credentials these are: lets checks connect as another database role
  --host ADDRESS     address to connect to, when it is not the endpoint's
  --port PORT        default 5432
  --ca-file FILE     PEM of the certificate authority to trust
  --plain            no TLS and no token: a PostgreSQL, to see how it differs (with --host, --port, --user)

Your tables stay untouched: every check makes a schema conformance_… (two or three at a time, of the 10 a cluster may
have) and roles conformance_…, and drops them again. A full run takes some minutes, since indexes are built in the
background, and costs cents. Please report what is not ok: it corrects the local cluster.

Exit code 0: all as expected; 1: some checks found differences; 2: the command line or the server is unusable.

Examples:
  npm run conformance -- --filter sql/jobs
  npm run conformance -- --endpoint <id>.dsql.us-east-1.on.aws
  AWS_PROFILE=test npm run conformance -- --endpoint <id>.dsql.us-east-1.on.aws --filter rules/ --json
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
      region: { type: "string" },
      user: { type: "string", default: "admin" },
      token: { type: "string" },
      principal: { type: "string" },
      host: { type: "string" },
      port: { type: "string", default: "5432" },
      "ca-file": { type: "string" },
      plain: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const { endpoint, region, user, host = endpoint, plain } = values;
  const token = values.token ?? process.env["PGPASSWORD"];
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
    token === undefined ? sign(endpoint, region, name) : Promise.resolve(token);
  return {
    ...common,
    target: {
      host,
      port,
      user,
      database: "postgres",
      tls: { servername: endpoint, ...ca },
      password,
      ...(values.principal === undefined ? {} : { principalArn: values.principal }),
    },
  };
}

/** A token from the AWS credentials that the environment offers; the Region is part of the endpoint's name. */
async function sign(hostname: string, given: string | undefined, user: string): Promise<string> {
  const region = given ?? /\.dsql\.(?<region>[a-z0-9-]+)\.on\.aws$/.exec(hostname)?.groups?.["region"];
  if (region === undefined)
    throw new TypeError("--endpoint takes <id>.dsql.<region>.on.aws; another name needs --region");
  const signer = new DsqlSigner({ hostname, region });
  try {
    return await (user === "admin" ? signer.getDbConnectAdminAuthToken() : signer.getDbConnectAuthToken());
  } catch (error) {
    throw new TypeError(
      `no token could be made: ${(error as Error).message}. Log in with the AWS CLI, set AWS_PROFILE, or give --token.`,
      { cause: error },
    );
  }
}
