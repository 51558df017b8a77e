/** Which port to listen on, decided before anything is started. */
import { createServer } from "node:net";
import { Failure } from "../failure.ts";

export interface PortWish {
  readonly host: string;
  readonly port: number;
  /** The user asked for this very port. A port nobody asked for may move when it is taken. */
  readonly isExplicit: boolean;
  /** The flag that would choose another, for the message. */
  readonly flag: string;
}

const portMax = 65_535;
/** How many ports after the default are tried: enough for every stack that a person runs at once. */
const triesMax = 100;

/**
 * @returns the port to listen on; 0, which lets the system choose, stays 0
 * @throws {Failure} the port that was asked for is taken or not ours to take
 */
export async function choosePort(wish: PortWish): Promise<number> {
  if (wish.port === 0) return 0;
  const last = wish.isExplicit ? wish.port : Math.min(wish.port + triesMax - 1, portMax);
  for (let port = wish.port; port <= last; port++) {
    const problem = await listenProblem(wish.host, port);
    if (problem === undefined) return port;
    if (wish.isExplicit) throw taken(wish, problem);
  }
  throw new Failure(`ports ${wish.port} to ${last} on ${wish.host} are all taken`, {
    remedy: `Choose another with ${wish.flag}; ${wish.flag} 0 takes any free one.`,
  });
}

function taken(wish: PortWish, problem: NodeJS.ErrnoException): Failure {
  const reason =
    problem.code === "EADDRINUSE"
      ? "is taken by another program"
      : `cannot be listened on: ${problem.message}`;
  return new Failure(`port ${wish.port} on ${wish.host} ${reason}`, {
    remedy: `Choose another with ${wish.flag}; ${wish.flag} 0 takes any free one.`,
    cause: problem,
  });
}

/** Tries to listen. Whoever takes the port in the moment before we do is found out by the real listener. */
function listenProblem(host: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", resolve);
    server.listen({ host, port, exclusive: true }, () => {
      server.close(() => {
        resolve(undefined);
      });
    });
  });
}
