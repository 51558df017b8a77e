/** Which ports a stack may listen on, and what to say when it gets none. */
import { createServer } from "node:net";
import type { PortChoice } from "@dsql-local/cluster";
import { Failure } from "../failure.ts";

export interface PortWish {
  readonly host: string;
  /** The one that the user asked for; 0 for any. */
  readonly asked: number | undefined;
  /** Taken, or the next free one after it, where the user asked for none. */
  readonly usual: number;
  /** The flag that would choose another, for the message. */
  readonly flag: string;
}

const portMax = 65_535;
/** How many ports after the usual one are tried: enough for every stack that a person runs at once. */
const triesMax = 100;

/** A port nobody asked for may move when it is taken; the one that was asked for may not. */
export function portChoice({ asked, usual }: PortWish): PortChoice {
  if (asked !== undefined) return asked;
  return Array.from({ length: Math.min(triesMax, portMax - usual + 1) }, (_, index) => usual + index);
}

/**
 * Asks whether the port that was asked for can be had, so that a start which will fail does so before it makes anything.
 * Whoever takes it afterwards is found out by the listener: see `portFailure`.
 *
 * @throws {Failure} it is taken or not ours to take
 */
export async function checkAskedPort(wish: PortWish): Promise<void> {
  if (wish.asked === undefined || wish.asked === 0) return;
  // Loaded here, not above: commands that start nothing do without.
  const { listenOn } = await import("@dsql-local/cluster");
  const server = createServer();
  try {
    await listenOn(server, wish.host, wish.asked);
  } catch (error) {
    throw portFailure(wish, error);
  } finally {
    server.close();
  }
}

/** What the listener could not have, told with the way out; any other error as it is. */
export function portFailure(wish: PortWish, error: unknown): unknown {
  const { code, syscall, message, port } = error as NodeJS.ErrnoException & { port?: number };
  if (syscall !== "listen" && syscall !== "bind") return error;
  const remedy = `Choose another with ${wish.flag}; ${wish.flag} 0 takes any free one.`;
  const isTaken = code === "EADDRINUSE";
  if (isTaken && wish.asked === undefined) {
    const last = port ?? wish.usual + triesMax - 1;
    return new Failure(`ports ${wish.usual} to ${last} on ${wish.host} are all taken`, {
      remedy,
      cause: error,
    });
  }
  const reason = isTaken ? "is taken by another program" : `cannot be listened on: ${message}`;
  return new Failure(`port ${port ?? wish.asked ?? wish.usual} on ${wish.host} ${reason}`, {
    remedy,
    cause: error,
  });
}
