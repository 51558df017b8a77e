import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test, type TestContext } from "node:test";
import { checkAskedPort, portChoice, portFailure, type PortWish } from "./ports.ts";

const wish = { host: "127.0.0.1", usual: 5_432, flag: "--aws-port" };

test("port 0 stays 0: the system chooses", async () => {
  assert.equal(portChoice({ ...wish, asked: 0 }), 0);
  await checkAskedPort({ ...wish, asked: 0 });
});

test("a port nobody asked for may move to the next ones, the asked one stays", () => {
  assert.deepEqual([portChoice({ ...wish, asked: undefined })].flat().slice(0, 3), [5_432, 5_433, 5_434]);
  assert.deepEqual(portChoice({ ...wish, asked: undefined, usual: 65_534 }), [65_534, 65_535]);
  assert.equal(portChoice({ ...wish, asked: 7_000 }), 7_000);
});

test("a taken port that was asked for is an error that names it and the way out", async (t) => {
  const port = await takenPort(t);
  await assert.rejects(checkAskedPort({ ...wish, asked: port }), {
    message: `port ${port} on 127.0.0.1 is taken by another program`,
    remedy: "Choose another with --aws-port; --aws-port 0 takes any free one.",
  });
});

test("ports that are all taken are named from the first to the last; other errors stay what they are", () => {
  const error = Object.assign(new Error("taken"), { code: "EADDRINUSE", syscall: "listen", port: 5_531 });
  const failure = portFailure({ ...wish, asked: undefined } satisfies PortWish, error) as Error;
  assert.equal(failure.message, "ports 5432 to 5531 on 127.0.0.1 are all taken");
  const other = new Error("something else");
  assert.equal(portFailure({ ...wish, asked: 1 }, other), other);
});

async function takenPort(t: TestContext): Promise<number> {
  const server = createServer().listen(0, wish.host);
  await once(server, "listening");
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}
