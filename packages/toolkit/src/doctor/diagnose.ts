/** The walk through the steps of a connection, up to the first that fails. */
import process from "node:process";
import { administratorUser, connectActionFor } from "@dsql-local/spec";
import type { Pool, PoolClient } from "pg";
import {
  type Attempt,
  ConnectError,
  type ConnectStep,
  connectSteps,
  explainConnectError,
} from "../connect-error.ts";
import type { ClientSettings } from "../client.ts";
import { sqlstateOf } from "../errors.ts";
import { createPool, type DsqlPoolOptions, searchPathOf, settingsOf, transportOf } from "../pool.ts";
import { type Credentials, TokenCache } from "../token.ts";
import { explainRefusedRole } from "./mapping.ts";
import { checkSchemas, compareClocks, nameServer } from "./session.ts";
import { encrypt, openSocket, resolveName, TimedOutError, type Transport } from "./transport.ts";
import type { DoctorReport, StepReport } from "./types.ts";

/** For `diagnoseConnection()`, beside those of the pool. */
export interface DiagnoseOptions {
  /** Told of each step as it ends, in order. */
  readonly onStep?: ((report: StepReport) => void) | undefined;
}

/**
 * @param options - as for `createPool()`: the connection that is examined is the one that a pool would open
 * @throws {UsageError} the options name no cluster
 */
export async function diagnoseConnection(
  options: DsqlPoolOptions,
  { onStep }: DiagnoseOptions = {},
): Promise<DoctorReport> {
  const environment = options.environment ?? process.env;
  const settings = settingsOf({ ...options, tokens: options.tokens ?? new TokenCache() }, environment);
  const transport = transportOf(options, environment, settings.cluster.host);
  const examination = new Examination({ options, settings, transport, onStep });
  await examination.run();
  return {
    clusterId: settings.cluster.clusterId,
    region: settings.cluster.region,
    host: settings.cluster.host,
    address: { host: transport.host, port: transport.port },
    user: settings.tokenRequest.user,
    isHealthy: examination.steps.every(({ outcome }) => outcome !== "failed"),
    steps: examination.steps,
  };
}

interface Subject {
  readonly options: DsqlPoolOptions;
  readonly settings: ClientSettings;
  readonly transport: Transport;
  readonly onStep: DiagnoseOptions["onStep"];
}

/** What one connection goes through; the clock, between sni and token, is compared when it stands. */
const handshakeSteps: readonly ConnectStep[] = ["tls", "sni", "token", "access", "start-up"];

class Examination {
  readonly steps: StepReport[] = [];
  readonly #subject: Subject;

  constructor(subject: Subject) {
    this.#subject = subject;
  }

  async run(): Promise<void> {
    try {
      await this.#checkCredentials();
      await this.#checkTransport();
      await this.#checkSession();
    } catch (error) {
      if (error instanceof ConnectError) this.#report(failureOf(error));
      else if (sqlstateOf(error) !== undefined) this.#report(refusedQuestion(error as Error));
      else throw error;
    }
  }

  #report(step: StepReport): void {
    this.steps.push(step);
    this.#subject.onStep?.(step);
  }

  async #checkCredentials(): Promise<void> {
    const { tokenRequest, tokens } = this.#subject.settings;
    const credentials = await this.#explained("nothing", async () => {
      // Asks the provider, and proves that a token can be signed with what it gives.
      await tokens.token(tokenRequest);
      return await tokenRequest.credentials();
    });
    const left = leftOf(credentials);
    if (left !== undefined && left <= 0) {
      throw new ConnectError({
        step: "credentials",
        reason: `the temporary credentials ${nameOf(credentials)} have expired`,
        hint: "Log in again (`aws sso login`), or refresh what AWS_SESSION_TOKEN is set from.",
      });
    }
    const until = left === undefined ? "" : `, for another ${Math.floor(left / 60_000)} min`;
    this.#report({ step: "credentials", outcome: "ok", finding: `${nameOf(credentials)}${until}` });
  }

  async #checkTransport(): Promise<void> {
    const { settings, transport } = this.#subject;
    this.#report(await this.#explained("nothing", () => resolveName(transport)));
    const opened = await this.#explained("nothing", () => openSocket(transport, settings.connectTimeoutMs));
    try {
      this.#report(opened.report);
      // After an SSLRequest TLS begins otherwise; the connection itself shows then whether it does.
      if (this.#subject.options.tlsNegotiation === "postgres") return;
      this.#report(
        await this.#explained("tcp", () => encrypt(opened.socket, transport, settings.connectTimeoutMs)),
      );
    } finally {
      opened.socket.destroy();
    }
  }

  /** One connection, as a pool opens it; the search path is looked at afterwards. */
  async #checkSession(): Promise<void> {
    const { options } = this.#subject;
    const pool = createPool({ ...options, searchPath: undefined, max: 1, min: 0 });
    try {
      const client = await this.#shakeHands(pool);
      try {
        await this.#askServer(client);
      } finally {
        client.release(true);
      }
    } finally {
      await pool.end();
    }
  }

  get #user(): string {
    return this.#subject.settings.tokenRequest.user;
  }

  async #shakeHands(pool: Pool): Promise<PoolClient> {
    try {
      return await pool.connect();
    } catch (error) {
      if (!(error instanceof ConnectError)) throw error;
      this.#reportPassed((step) => isBefore(step, error.step));
      throw await this.#refined(error);
    }
  }

  async #askServer(client: PoolClient): Promise<void> {
    const clock = await compareClocks(client);
    this.#reportPassed((step) => connectSteps.indexOf(step) < connectSteps.indexOf("clock"));
    this.#report(clock);
    this.#reportPassed(() => true);
    const schemas = await checkSchemas(client, this.#user, searchPathOf(this.#subject.options));
    this.#report(schemas);
    if (schemas.outcome !== "failed") this.#report(await nameServer(client));
  }

  /** Reports the steps of the handshake that have been passed and have no line yet. */
  #reportPassed(isPassed: (step: ConnectStep) => boolean): void {
    for (const step of handshakeSteps) {
      if (!isPassed(step) || this.steps.some((report) => report.step === step)) continue;
      this.#report({ step, outcome: "ok", finding: this.#passed(step) });
      if (step === "access" && this.#user !== administratorUser) {
        this.#report({ step: "mapping", outcome: "ok", finding: `an IAM role is mapped to "${this.#user}"` });
      }
    }
  }

  #passed(step: ConnectStep): string {
    const { settings } = this.#subject;
    const action = connectActionFor(this.#user);
    const findings: Partial<Record<ConnectStep, string>> = {
      tls: "negotiated by an SSLRequest",
      sni: `the server knows ${settings.cluster.host}`,
      token: `signed for ${action} in ${settings.cluster.region}`,
      access: `dsql:${action} is allowed`,
      "start-up": `connected as "${this.#user}"`,
    };
    return findings[step] ?? "";
  }

  /** The service does not say why it refuses a role; the administrator may look it up. */
  async #refined(error: ConnectError): Promise<ConnectError> {
    if (error.step !== "access" || this.#user === administratorUser) return error;
    const { options } = this.#subject;
    const admin = createPool({ ...options, user: administratorUser, searchPath: undefined, max: 1, min: 0 });
    try {
      const report = await explainRefusedRole(admin, this.#user);
      if (report === undefined) return error;
      return new RefinedError(report, error);
    } finally {
      await admin.end();
    }
  }

  async #explained<Result>(reached: Attempt["reached"], work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      const { cluster } = this.#subject.settings;
      throw explainConnectError(error, {
        host: this.#subject.transport.host,
        port: this.#subject.transport.port,
        user: this.#user,
        cluster,
        reached,
        tokenAgeMs: 0,
        timedOut: error instanceof TimedOutError,
      });
    }
  }
}

/** A refusal for which a look at the catalog has found the reason. */
class RefinedError extends ConnectError {
  readonly report: StepReport;

  constructor(report: StepReport, cause: ConnectError) {
    super({ step: "access", reason: report.finding, hint: report.remedy ?? "", code: report.code, cause });
    this.report = report;
  }
}

function failureOf(error: ConnectError): StepReport {
  if (error instanceof RefinedError) return error.report;
  return {
    step: error.step,
    outcome: "failed",
    finding: error.message.replace(/^cannot connect \([a-z-]+\): /, ""),
    remedy: error.hint,
    ...(error.code !== undefined && { code: error.code }),
  };
}

/** The connection stands, and the server would not say what it was asked about itself. */
function refusedQuestion(error: Error): StepReport {
  return {
    step: "server",
    outcome: "failed",
    finding: `the server refused to say what it is: ${error.message}`,
    remedy:
      "The connection works. If this is Aurora DSQL, the role lacks a right that every role has: report it.",
    code: sqlstateOf(error) ?? "",
  };
}

function isBefore(step: ConnectStep, failed: ConnectStep): boolean {
  // What is refused for its number or its time was not looked at further.
  if (failed === "limit" || failed === "wake-up" || failed === "pace") return step === "sni";
  return connectSteps.indexOf(step) < connectSteps.indexOf(failed);
}

/** Enough to tell keys apart, as AWS's own tools show them. */
function nameOf({ accessKeyId, sessionToken }: Credentials): string {
  const shown = `${accessKeyId.slice(0, 4)}…${accessKeyId.slice(-4)}`;
  return sessionToken === undefined ? `access key ${shown}` : `temporary key ${shown}`;
}

function leftOf({ expiration }: Credentials): number | undefined {
  return expiration === undefined ? undefined : expiration.getTime() - Date.now();
}
