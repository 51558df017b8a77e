/**
 * The environment in which tools that know nothing of this project work against the local stack: the AWS SDKs and the
 * CDK, psql and every libpq program, and Node programs that connect to the cluster's real name with `ssl: true`.
 */
import type { StackFacts } from "./stack-facts.ts";

export interface EnvironmentInput {
  readonly facts: StackFacts;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** The password for `admin`. */
  readonly token: string;
  /** Loaded into Node programs first; leads `*.dsql.*.on.aws` to the local cluster. */
  readonly preloadFile: string;
  /** What Node programs trust beside the public authorities: the cluster's authority, and whoever else was trusted before. */
  readonly caBundle: string;
  /** The NODE_OPTIONS of the present environment, which are kept. */
  readonly nodeOptions?: string | undefined;
}

/**
 * Variables that would win over ours, or be mixed with them: a profile makes the SDKs ignore the keys, a session token
 * belongs to other keys.
 */
export const unsetNames = [
  "AWS_PROFILE",
  "AWS_DEFAULT_PROFILE",
  "AWS_SESSION_TOKEN",
  "AWS_SECURITY_TOKEN",
] as const;

export function environmentOf(input: EnvironmentInput): Record<string, string> {
  const { facts } = input;
  return {
    AWS_ENDPOINT_URL: facts.awsEndpoint,
    AWS_ACCESS_KEY_ID: input.accessKeyId,
    AWS_SECRET_ACCESS_KEY: input.secretAccessKey,
    AWS_REGION: facts.region,
    AWS_DEFAULT_REGION: facts.region,
    REGION: facts.region,
    CLUSTER_ENDPOINT: facts.clusterEndpoint,
    CLUSTER_USER: "admin",
    // libpq takes the name in PGHOST for SNI and for verifying the certificate, the address in PGHOSTADDR to connect.
    PGHOST: facts.clusterEndpoint,
    PGHOSTADDR: facts.host,
    PGPORT: String(facts.port),
    PGUSER: "admin",
    PGDATABASE: "postgres",
    PGSSLMODE: "verify-full",
    PGSSLROOTCERT: facts.caFile,
    PGPASSWORD: input.token,
    NODE_EXTRA_CA_CERTS: input.caBundle,
    NODE_OPTIONS: nodeOptionsWith(input.preloadFile, input.nodeOptions ?? ""),
    DSQL_DATA_DIR: facts.dataDir,
    DSQL_LOCAL_HOST: facts.host,
    DSQL_LOCAL_PORT: String(facts.port),
    DSQL_LOCAL_CA_FILE: facts.caFile,
  };
}

/** Adds the preload to NODE_OPTIONS, once however often the lines are evaluated in one shell. */
export function nodeOptionsWith(preloadFile: string, present: string): string {
  // Node splits NODE_OPTIONS at blanks; within double quotes a backslash escapes, which is JSON's way for paths.
  const preload = `--require ${JSON.stringify(preloadFile)}`;
  const others = present.split(preload).map((part) => part.trim());
  return [...others.filter((part) => part !== ""), preload].join(" ");
}

export const shells = ["sh", "fish", "powershell"] as const;
export type Shell = (typeof shells)[number];

/** The lines that set the variables in a shell that evaluates them. */
export function shellLines(variables: Record<string, string>, shell: Shell): string {
  const syntax = syntaxes[shell];
  const lines = [
    ...unsetNames.map(syntax.unset),
    ...Object.entries(variables).map(([name, value]) => syntax.set(name, value)),
  ];
  return `${lines.join("\n")}\n`;
}

/** Files that other programs read variables from. */
export const environmentFormats = ["dotenv", "github", "docker"] as const;
export type EnvironmentFormat = (typeof environmentFormats)[number];

/**
 * The variables as the lines of such a file. None of them can take a variable away, so AWS_PROFILE must not be set where
 * they are used. GitHub refuses NODE_OPTIONS, so there Node programs need the line of `dsql hosts`.
 */
export function environmentText(variables: Record<string, string>, format: EnvironmentFormat): string {
  const entries = Object.entries(variables).filter(
    ([name]) => format !== "github" || name !== "NODE_OPTIONS",
  );
  // Docker and GitHub take what stands after the sign as it is; in a .env file a value in quotes may hold any character.
  const value = (text: string): string => (format === "dotenv" ? `'${text.replaceAll("'", "\\'")}'` : text);
  return `${entries.map(([name, text]) => `${name}=${value(text)}`).join("\n")}\n`;
}

interface Syntax {
  readonly set: (name: string, value: string) => string;
  readonly unset: (name: string) => string;
}

const syntaxes: Record<Shell, Syntax> = {
  sh: {
    set: (name, value) => `export ${name}='${value.replaceAll("'", "'\\''")}'`,
    unset: (name) => `unset ${name}`,
  },
  fish: {
    set: (name, value) => `set -gx ${name} '${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`,
    unset: (name) => `set -e ${name}`,
  },
  powershell: {
    set: (name, value) => `$env:${name} = '${value.replaceAll("'", "''")}'`,
    unset: (name) => `Remove-Item Env:${name} -ErrorAction SilentlyContinue`,
  },
};
