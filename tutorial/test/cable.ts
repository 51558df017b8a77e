/**
 * A cable between a program and the local cluster: as long as one wants, and cut when one wants. TLS goes through it from
 * end to end, so what it sees is who sends when, which is what a round trip is.
 */
import { once } from "node:events";
import { type AddressInfo, type Socket, connect, createServer } from "node:net";

export interface Cable {
  /** What `DSQL_LOCAL_PORT` has to be for a program that is to use it. */
  readonly port: number;
  /** Connections that have gone through it so far. */
  readonly connections: () => number;
  /**
   * Breaks the connection over which the program next sends something, once.
   *
   * @param turn - at which of the messages that the program sends from now on, each after an answer; the first is 1. Only
   * a cable with a delay tells messages that are sent without waiting from those that are answers to answers.
   * @param isDelivered - the cluster gets that message, and its answer is what is lost; otherwise it gets nothing
   */
  cutAt(turn: number, isDelivered: boolean): void;
  /**
   * Keeps back some of the messages that the program sends from now on, each until `meanwhile` has happened.
   *
   * @param turns - which ones, counted as by `cutAt`
   */
  holdAt(turns: readonly number[], meanwhile: () => Promise<unknown>): void;
  close(): Promise<void>;
}

export interface CableOptions {
  /** The cluster's. */
  readonly port: number;
  /** Milliseconds from one end to the other: half a round trip. */
  readonly delayMs?: number;
}

interface Cut {
  readonly turn: number;
  readonly isDelivered: boolean;
}

interface Hold {
  readonly turns: readonly number[];
  readonly meanwhile: () => Promise<unknown>;
  /** Messages that the program has sent since. */
  sent: number;
}

export async function layCable({ port, delayMs = 0 }: CableOptions): Promise<Cable> {
  let connections = 0;
  let cut: Cut | undefined;
  let hold: Hold | undefined;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    connections++;
    const far = connect({ port, host: "127.0.0.1", noDelay: true });
    near.setNoDelay(true);
    for (const [end, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(end);
      end.on("error", () => other.destroy());
      end.on("close", () => {
        sockets.delete(end);
        other.destroy();
      });
    }
    let turn = 0;
    let isProgramsTurn = true;
    const later = (deliver: () => void): void => {
      if (delayMs === 0) deliver();
      else setTimeout(deliver, delayMs);
    };
    near.on("data", (chunk) => {
      if (cut !== undefined && isProgramsTurn) turn++;
      const held =
        isProgramsTurn && hold !== undefined && hold.turns.includes(++hold.sent) ? hold : undefined;
      isProgramsTurn = false;
      if (cut?.turn === turn && !cut.isDelivered) return breakOff();
      if (held !== undefined) return void keepBack(chunk, held);
      later(() => far.write(chunk));
    });
    far.on("data", (chunk) => {
      if (cut?.turn === turn && cut.isDelivered) return breakOff();
      later(() => {
        isProgramsTurn = true;
        near.write(chunk);
      });
    });
    const keepBack = async (chunk: Buffer, { meanwhile }: Hold): Promise<void> => {
      // What follows the message must not overtake it.
      near.pause();
      await meanwhile();
      far.write(chunk);
      near.resume();
    };
    const breakOff = (): void => {
      cut = undefined;
      near.destroy();
      far.destroy();
    };
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    cutAt(turn, isDelivered) {
      cut = { turn, isDelivered };
    },
    holdAt(turns, meanwhile) {
      hold = { turns, meanwhile, sent: 0 };
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
