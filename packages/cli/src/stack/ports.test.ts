import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test, type TestContext } from "node:test";
import { choosePort } from "./ports.ts";

const host = "127.0.0.1";

test("port 0 stays 0: the system chooses", async () => {
  assert.equal(await choosePort({ host, port: 0, isExplicit: true, flag: "--port" }), 0);
});

test("a taken default port moves to a later free one", async (t) => {
  const port = await takenPort(t);
  const chosen = await choosePort({ host, port, isExplicit: false, flag: "--port" });
  assert.ok(chosen > port);
});

test("a taken port that was asked for is an error that names it and the way out", async (t) => {
  const port = await takenPort(t);
  await assert.rejects(choosePort({ host, port, isExplicit: true, flag: "--aws-port" }), {
    message: `port ${port} on 127.0.0.1 is taken by another program`,
    remedy: "Choose another with --aws-port; --aws-port 0 takes any free one.",
  });
});

async function takenPort(t: TestContext): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, "listening");
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}
