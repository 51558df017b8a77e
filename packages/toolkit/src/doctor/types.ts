/** What the doctor reports. */
import type { ConnectStep } from "../connect-error.ts";

/** The steps of a connection, and what only shows once it stands. */
export type DoctorStep = ConnectStep | "mapping" | "server";

/** In the order in which they are reported. Pace, limit and wake-up have a line only when they are what fails. */
export const doctorSteps = [
  "credentials",
  "dns",
  "tcp",
  "tls",
  "sni",
  "clock",
  "token",
  "access",
  "mapping", // of the IAM role to the database role
  "start-up",
  "privilege", // schemas and search_path
  "server", // its version, and whether it is Aurora DSQL at all
] as const satisfies readonly DoctorStep[];

/** One step of the way to a connection: what was seen, and what to change. */
export interface StepReport {
  readonly step: DoctorStep;
  /** warning: the connection works, and an application may still stumble. */
  readonly outcome: "ok" | "warning" | "failed";
  /** What was seen, without a full stop. */
  readonly finding: string;
  /** What to change; absent where all is well. */
  readonly remedy?: string;
  /** SQLSTATE, or Node's code of a network error. */
  readonly code?: string;
}

/** What `diagnoseConnection()` saw, step by step, up to the first that failed. Holds no token and no key. */
export interface DoctorReport {
  readonly clusterId: string;
  readonly region: string;
  /** The name in the certificate and in the token. */
  readonly host: string;
  /** Where the socket goes. */
  readonly address: { readonly host: string; readonly port: number };
  readonly user: string;
  /** No step has failed. */
  readonly isHealthy: boolean;
  /** Ends with the first that failed: those after it could not be tried. */
  readonly steps: readonly StepReport[];
}
