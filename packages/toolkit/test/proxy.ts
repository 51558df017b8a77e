/** A TCP proxy that cuts connections when it is told to, to see what clients make of it. */
import { connect, createServer, type Socket } from "node:net";

export interface CuttingProxy {
  readonly port: number;
  /** From now on what the server answers is thrown away. */
  mute(): void;
  /** The next answer is thrown away, every connection ended, and answers pass again: what was asked for has been done. */
  cutAtAnswer(): void;
  /** Ends every connection, without goodbye. */
  cut(): void;
  /** Answers pass again; for the connections opened from now on. */
  heal(): void;
  close(): Promise<void>;
}

export async function startProxy(target: { host: string; port: number }): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  let isMute = false;
  let endsAtAnswer = false;
  const server = createServer((client) => {
    const upstream = connect(target);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on("data", (bytes) => upstream.write(bytes));
    upstream.on("data", (bytes) => {
      if (endsAtAnswer) {
        endsAtAnswer = false;
        cut();
      } else if (!isMute) client.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as { port: number }).port,
    cutAtAnswer: () => {
      endsAtAnswer = true;
    },
    mute: () => {
      isMute = true;
    },
    heal: () => {
      isMute = false;
    },
    cut,
    close: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
