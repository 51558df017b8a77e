/** PostgreSQL's own programs, run against a cluster as a user of theirs would. */
import { execFile, execFileSync } from "node:child_process";
import type { Cluster } from "../src/index.ts";

export interface ProgramAnswer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Programs end by themselves; one that does not is killed. */
const patienceMs = 30_000;

/** @returns its major version; undefined when this machine does not have it */
export function majorVersion(program: "psql" | "pgbench" | "pg_dump"): number | undefined {
  try {
    const said = execFileSync(program, ["--version"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return Number(/ (\d+)/.exec(said)?.[1]);
  } catch {
    return undefined;
  }
}

/** @returns what `skip` of a test takes */
export function withoutProgram(program: "psql" | "pgbench" | "pg_dump", versionMin = 0): string | false {
  const version = majorVersion(program);
  if (version === undefined) return `${program} is not installed`;
  return version < versionMin ? `${program} is ${version}; ${versionMin} or newer is needed` : false;
}

/** Connects with `verify-full`: the name of the cluster, its address, its certificate authority. */
export function runAgainst(
  cluster: Cluster,
  program: string,
  args: readonly string[],
  input = "",
): Promise<ProgramAnswer> {
  const env = {
    PATH: process.env["PATH"],
    LC_ALL: "C",
    PGHOST: cluster.endpoint,
    PGHOSTADDR: cluster.host,
    PGPORT: String(cluster.port),
    PGUSER: "admin",
    PGDATABASE: "postgres",
    PGPASSWORD: cluster.token(),
    PGSSLMODE: "verify-full",
    PGSSLROOTCERT: cluster.caFile,
  };
  return new Promise((resolve) => {
    const child = execFile(
      program,
      args,
      { env, timeout: patienceMs, maxBuffer: 1 << 24 },
      (error, stdout, stderr) => {
        resolve({
          code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1,
          stdout,
          stderr,
        });
      },
    );
    child.stdin?.on("error", () => undefined).end(input);
  });
}
