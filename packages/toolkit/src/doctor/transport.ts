/** From a name to an encrypted connection: DNS, TCP and TLS, one at a time, as a driver goes through them at once. */
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { StepReport } from "./types.ts";

export interface Transport {
  readonly host: string;
  readonly port: number;
  readonly ssl: { readonly servername: string; readonly ca?: string };
}

/** PostgreSQL's name among the protocols that TLS may carry; the server asks for it where TLS begins with the first byte. */
const alpnProtocol = "postgresql";

export async function resolveName({ host }: Transport): Promise<StepReport> {
  if (isIP(host) !== 0) return { step: "dns", outcome: "ok", finding: `${host} is an address` };
  const addresses = await lookup(host, { all: true });
  return {
    step: "dns",
    outcome: "ok",
    finding: `${host} is ${addresses.map(({ address }) => address).join(", ")}`,
  };
}

/** @returns the open socket, which the caller destroys */
export async function openSocket(
  { host, port }: Transport,
  timeoutMs: number,
): Promise<{ report: StepReport; socket: Socket }> {
  const startedMs = performance.now();
  const socket = connectTcp({ host, port });
  await within(socket, "connect", timeoutMs);
  const tookMs = (performance.now() - startedMs).toFixed(0);
  return {
    socket,
    report: { step: "tcp", outcome: "ok", finding: `port ${port} answered in ${tookMs} ms` },
  };
}

export async function encrypt(socket: Socket, { ssl }: Transport, timeoutMs: number): Promise<StepReport> {
  const secure = connectTls({
    socket,
    ...ssl,
    ALPNProtocols: [alpnProtocol],
    rejectUnauthorized: true,
  });
  try {
    await within(secure, "secureConnect", timeoutMs);
    return {
      step: "tls",
      outcome: "ok",
      finding: `${secure.getProtocol() ?? "TLS"}; ${certificateOf(secure)}`,
    };
  } finally {
    secure.destroy();
  }
}

function certificateOf(secure: TLSSocket): string {
  const { issuer, valid_to: validTo } = secure.getPeerCertificate();
  const by = [issuer.O, issuer.CN].flat().find((name) => name !== undefined) ?? "an unnamed authority";
  return `certificate of ${by}, valid to ${new Date(validTo).toISOString().slice(0, "2026-11-21".length)}`;
}

/** Thrown where nobody answered; the caller tells it from an error of the network. */
export class TimedOutError extends Error {
  override readonly name = "TimedOutError";
}

async function within(socket: Socket, event: string, timeoutMs: number): Promise<void> {
  try {
    await once(socket, event, { signal: AbortSignal.timeout(timeoutMs) });
  } catch (error) {
    socket.destroy();
    // Destroying reports nothing that the caller does not know.
    socket.on("error", () => undefined);
    throw error instanceof Error && error.name === "AbortError" ? new TimedOutError("timed out") : error;
  }
}
