import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { test, type TestContext } from "node:test";
import { listenOn } from "./listen.ts";

const host = "127.0.0.1";

function serverOf(t: TestContext): Server {
  const server = createServer();
  t.after(() => server.close());
  return server;
}

/** Ports in a row of which the first is taken. */
async function ports(t: TestContext): Promise<[taken: number, ...others: number[]]> {
  const server = serverOf(t).listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return [port, ...Array.from({ length: 50 }, (_, index) => 1 + ((port + index) % 65_535))];
}

test("of several ports the first that is free is taken", async (t) => {
  const [taken, ...others] = await ports(t);
  assert.ok(others.includes(await listenOn(serverOf(t), host, [taken, ...others])));
});

test("many that choose from the same ports at once get one each", async (t) => {
  const choice = await ports(t);
  const got = await Promise.all(Array.from({ length: 8 }, () => listenOn(serverOf(t), host, choice)));
  assert.equal(new Set([choice[0], ...got]).size, 9);
});

test("where none is free the error names the last one", async (t) => {
  const [taken] = await ports(t);
  await assert.rejects(listenOn(serverOf(t), host, [taken, taken]), { code: "EADDRINUSE", port: taken });
});
