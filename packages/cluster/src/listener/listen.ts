/**
 * Taking a port and keeping it. Whether a port is free shows only when one listens: between asking and taking, another
 * program may come first. So of several ports each is tried by listening on it.
 *
 * Tests: listen.test.ts.
 */
import type { AddressInfo, Server } from "node:net";

/** A port to listen on, 0 for any free one; or several, of which the first that is free is taken. */
export type PortChoice = number | readonly number[];

/**
 * @returns the port that the server listens on
 * @throws the error of `listen`, with the port in `port`: `EADDRINUSE` where the last of them is taken, too
 */
export async function listenOn(server: Server, host: string, choice: PortChoice): Promise<number> {
  const ports = typeof choice === "number" ? [choice] : choice;
  for (const [index, port] of ports.entries()) {
    try {
      await listen(server, host, port);
      return (server.address() as AddressInfo).port;
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
      if (!isTaken || index === ports.length - 1) throw error;
    }
  }
  throw new RangeError("there is no port to choose from");
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      server.off("error", settle);
      server.off("listening", settle);
      if (error === undefined) resolve();
      else reject(error);
    };
    server.once("error", settle);
    server.once("listening", settle);
    server.listen({ host, port, backlog: 1_024 });
  });
}
