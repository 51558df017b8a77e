/** Random bytes and half-right messages on the cluster's port, from somebody without a password and from somebody with one. */
import { connect as connectTcp } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { Cluster } from "../../../src/index.ts";
import type { SeededRandom } from "../../../simulation/seeded-random.ts";

const messageTypes = "QPBEDCSHXdcfFp\0~";
const words = [
  "SELECT ",
  "'",
  "$$",
  "(",
  "--",
  ";",
  "\0",
  "BEGIN",
  "COPY t FROM STDIN",
  "é",
  "1e",
  '"',
  "/*",
];

const closeMsMax = 2_000;

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
}

function randomBytes(random: SeededRandom, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random.below(256)));
}

/** A message whose length may lie, of a type that may not exist. */
function message(random: SeededRandom): Buffer {
  const body = random.below(2) === 0 ? randomBytes(random, random.below(200)) : text(random);
  const said = random.below(8) === 0 ? random.below(0x7fffffff) : body.length + 4;
  const type = messageTypes.charCodeAt(random.below(messageTypes.length));
  return Buffer.concat([Buffer.from([type]), int32(said), body]);
}

function text(random: SeededRandom): Buffer {
  const pieces = Array.from({ length: random.below(20) }, () => words[random.below(words.length)] ?? "");
  return Buffer.from(`${pieces.join(" ")}\0`);
}

/** One attack; resolves when the connection is over, whoever ended it. */
export async function attackOnce(cluster: Cluster, random: SeededRandom): Promise<void> {
  const socket = connectTcp(cluster.port, cluster.host);
  if (random.below(3) === 0) {
    socket.write(randomBytes(random, 1 + random.below(400)));
    await over(socket);
    return;
  }
  const secure = connectTls({
    socket,
    servername: random.below(4) === 0 ? "" : cluster.endpoint,
    rejectUnauthorized: false,
    ALPNProtocols: ["postgresql"],
  });
  secure.on("error", () => secure.destroy());
  secure.once("secureConnect", () => {
    talk(secure, cluster, random);
  });
  await over(secure);
}

function talk(secure: TLSSocket, cluster: Cluster, random: SeededRandom): void {
  const named = `user\0admin\0database\0postgres\0\0`;
  const startup = random.below(4) === 0 ? randomBytes(random, random.below(300)) : Buffer.from(named);
  secure.write(Buffer.concat([int32(startup.length + 8), int32(196_608), startup]));
  if (random.below(3) === 0) secure.write(randomBytes(random, random.below(500)));
  else {
    const password = Buffer.from(`${cluster.token({ user: "admin" })}\0`);
    secure.write(Buffer.concat([Buffer.from("p"), int32(password.length + 4), password]));
    for (let count = random.below(30); count > 0; count--) secure.write(message(random));
  }
  if (random.below(2) === 0) secure.end();
}

async function over(socket: NodeJS.EventEmitter & { destroy(): void; resume(): void }): Promise<void> {
  socket.resume();
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => socket.destroy(), closeMsMax);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
