/**
 * The floor of any front end written for Node: TLS in front, PostgreSQL's Unix socket behind, bytes copied, nothing looked at but
 * the request for TLS that clients begin with. It runs in a process of its own and tells its processor time when asked.
 */
import { connect, createServer } from "node:net";
import process from "node:process";
import { TLSSocket, createSecureContext } from "node:tls";

export interface PassThroughOrder {
  readonly certificate: string;
  readonly key: string;
  /** PostgreSQL's Unix socket. */
  readonly path: string;
}

const tlsIsGranted = Buffer.from("S");

process.once("message", ({ certificate, key, path }: PassThroughOrder) => {
  const secureContext = createSecureContext({ cert: certificate, key });
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on("error", () => socket.destroy());
    socket.once("data", () => {
      socket.write(tlsIsGranted);
      const client = new TLSSocket(socket, { isServer: true, secureContext });
      const postgresql = connect(path);
      client.pipe(postgresql).pipe(client);
      client.on("error", () => postgresql.destroy());
      postgresql.on("error", () => client.destroy());
    });
  });
  server.listen(0, "127.0.0.1", () => process.send?.({ address: server.address() }));
  process.on("message", () => process.send?.({ cpu: process.cpuUsage() }));
});
