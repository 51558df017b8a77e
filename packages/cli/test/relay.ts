/** A relay in front of the cluster that keeps new connections waiting from a number of them on. */
import { once } from "node:events";
import { type AddressInfo, type Socket, connect, createServer } from "node:net";
import type { Owner } from "./command.ts";

export interface Relay {
  readonly port: number;
  /** Lets through all that wait, and all that come. */
  release(): void;
}

/** @param passed - connections that are let through at once */
export async function startRelay(owner: Owner, target: number, passed: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  let connections = 0;
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const server = createServer((near) => {
    connections++;
    const wait = connections > passed ? released : Promise.resolve();
    sockets.add(near);
    near.on("error", () => near.destroy());
    near.pause();
    void wait.then(() => {
      const far = connect({ port: target, host: "127.0.0.1" });
      sockets.add(far);
      far.on("error", () => near.destroy());
      near.on("close", () => far.destroy());
      near.pipe(far).pipe(near);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  owner.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: (server.address() as AddressInfo).port, release };
}
