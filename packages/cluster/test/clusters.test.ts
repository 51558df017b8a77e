/** Several clusters behind one port: each with its own data, roles, tokens and Region; peers with the same data. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import pg from "pg";
import type { HostedCluster } from "../src/index.ts";
import { newDataDir, runCluster, type RunningCluster } from "./running-cluster.ts";
import { eventually } from "./storage-helper.ts";
import { readClusterFile, removeDataDir, writeClusterFile } from "../src/storage/index.ts";

let running: RunningCluster;
const dataDir = newDataDir();
const opened: pg.Client[] = [];
before(async () => {
  running = await runCluster({ dataDir });
});
after(async () => {
  await Promise.all(opened.map((client) => client.end().catch(() => undefined)));
  await running.stop();
  await removeDataDir(dataDir);
});

async function connect(cluster: HostedCluster, more: pg.ClientConfig = {}): Promise<pg.Client> {
  const user = more.user === undefined ? {} : { user: more.user };
  const client = new pg.Client({ ...running.cluster.connection({ cluster, ...user }), ...more });
  client.on("error", () => undefined);
  await client.connect();
  opened.push(client);
  return client;
}

function create(region = "us-east-1", waitsForPeer = false): Promise<HostedCluster> {
  return running.cluster.clusters.create({ region, waitsForPeer });
}

/** The code with which a connection is refused. */
async function refusal(cluster: HostedCluster, more: pg.ClientConfig = {}): Promise<string> {
  return await connect(cluster, more).then(
    () => "taken",
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  );
}

test("a second cluster takes clients as soon as it is created, with data and roles of its own", async () => {
  const { first } = running.cluster.clusters;
  const second = await create();
  assert.notEqual(second.id, first.id);
  const ana = await connect(first);
  const ben = await connect(second); // waits until the cluster has opened
  assert.equal(second.state, "ready");
  await ana.query("CREATE ROLE app WITH LOGIN");
  await ana.query("CREATE TABLE account (id int PRIMARY KEY)");
  await ben.query("CREATE ROLE app WITH LOGIN");
  await assert.rejects(ben.query("SELECT * FROM account"), { code: "42P01" });
  await running.cluster.clusters.delete(second.id);
});

test("the token of one cluster is none for another", async () => {
  const { first } = running.cluster.clusters;
  const second = await create();
  assert.equal(await refusal(second, { password: first.token() }), "08006");
  assert.equal(await refusal(first, { password: second.token() }), "08006");
  await running.cluster.clusters.delete(second.id);
});

test("deleting a cluster ends its sessions, frees its data and leaves the others alone", async () => {
  const { first } = running.cluster.clusters;
  const second = await create();
  const ana = await connect(first);
  const ben = await connect(second);
  const ended = new Promise((resolve) => ben.once("end", resolve));
  assert.ok(existsSync(join(dataDir, "clusters", second.id, "postgres")));
  await running.cluster.clusters.delete(second.id);
  await ended;
  assert.ok(!existsSync(join(dataDir, "clusters", second.id)));
  assert.equal(await refusal(second), "08006");
  assert.equal(running.cluster.clusters.find(second.id), undefined);
  await ana.query("SELECT 1");
});

test("peers of two Regions see the same rows, and the first to commit wins", async () => {
  const { clusters } = running.cluster;
  const east = await create("us-east-1", true);
  const west = await create("us-west-2", true);
  assert.equal(east.state, "waiting");
  assert.equal(await refusal(east), "08006");
  await clusters.makePeers([east.id, west.id]);
  assert.match(west.endpoint, /\.dsql\.us-west-2\.on\.aws$/);
  const ana = await connect(east);
  const ben = await connect(west);
  await ana.query("CREATE TABLE account (id int PRIMARY KEY, balance int)");
  await ana.query("INSERT INTO account VALUES (1, 100)");
  await ana.query("BEGIN; UPDATE account SET balance = 60 WHERE id = 1");
  await ben.query("BEGIN; UPDATE account SET balance = 30 WHERE id = 1");
  await ben.query("COMMIT");
  await assert.rejects(ana.query("COMMIT"), { code: "40001", message: /\(OC000\)/ });
  assert.deepEqual((await ana.query("SELECT balance FROM account")).rows, [{ balance: 30 }]);

  assert.equal(await refusal(east, { password: west.token() }), "08006", "a token is of one Region");
  const wrongRegion = { servername: west.endpoint.replace("us-west-2", "us-east-1") };
  assert.equal(await refusal(west, { ssl: { rejectUnauthorized: false, ...wrongRegion } }), "08006");

  await clusters.delete(east.id);
  assert.deepEqual((await ben.query("SELECT balance FROM account")).rows, [{ balance: 30 }]);
  await clusters.delete(west.id);
  assert.ok(!existsSync(join(dataDir, "clusters", east.id)), "the data go with the last peer");
});

test("a restart finds every cluster with its data, peers and policy, and frees what was being deleted", async () => {
  const { clusters } = running.cluster;
  const lone = await create("eu-west-1");
  const [left, right] = [await create("us-east-1", true), await create("us-east-2", true)];
  await clusters.makePeers([left.id, right.id]);
  await (await connect(lone)).query("CREATE TABLE here (id int PRIMARY KEY)");
  await (await connect(left)).query("CREATE TABLE there (id int PRIMARY KEY)");
  await clusters.setPolicy(lone.id, denyAdmin);
  const firstId = clusters.first.id;
  await running.stop();
  const removedId = "zzzzzzzzzzzzzzzzzzzzzzzzzz";
  await leaveDeletion(removedId);
  running = await runCluster({ dataDir });

  const found = running.cluster.clusters;
  assert.deepEqual(
    found.list().map(({ id }) => id),
    [firstId, lone.id, left.id, right.id],
  );
  const again = (cluster: HostedCluster): HostedCluster =>
    found.find(cluster.id) ?? assert.fail("it is lost");
  await (await connect(again(right))).query("SELECT * FROM there");
  assert.equal(await refusal(again(lone)), "08006");
  await found.setPolicy(lone.id, undefined);
  await (await connect(again(lone))).query("SELECT * FROM here");
  await eventually("what was being deleted is gone", () => !existsSync(join(dataDir, "clusters", removedId)));
  for (const { id } of [lone, left, right]) await found.delete(id);
});

/** What a process leaves that is killed while it removes a cluster's data. */
async function leaveDeletion(id: string): Promise<void> {
  const file = (await readClusterFile(dataDir)) ?? assert.fail("there is a file");
  await writeClusterFile(dataDir, { ...file, removing: [`clusters/${id}`] });
  await mkdir(join(dataDir, "clusters", id, "postgres"), { recursive: true });
}

test("a cluster that cannot be opened says so to its clients, and the others are served", async () => {
  const second = await create();
  await second.opening;
  await running.stop();
  await rm(join(dataDir, "clusters", second.id, "postgres", "global"), { recursive: true });
  running = await runCluster({ dataDir });
  const { clusters } = running.cluster;
  const broken = clusters.find(second.id) ?? assert.fail("it is lost");
  assert.equal(await refusal(broken), "57P03");
  assert.equal(broken.state, "failed");
  assert.equal(await refusal(clusters.first), "taken");
  await clusters.delete(second.id);
  assert.ok(!existsSync(join(dataDir, "clusters", second.id)));
});

const denyAdmin = JSON.stringify({
  Version: "2012-10-17",
  Statement: [
    { Effect: "Deny", Principal: "*", Action: ["dsql:DbConnect", "dsql:DbConnectAdmin"], Resource: "*" },
  ],
});

test("the policy of a cluster is honoured when a client connects", async () => {
  const { clusters } = running.cluster;
  const { first } = clusters;
  await clusters.setPolicy(first.id, denyAdmin);
  assert.equal(await refusal(first), "08006");
  await assert.rejects(clusters.setPolicy(first.id, '{"Statement":[]}'), { code: "MalformedPolicyDocument" });
  assert.equal(await refusal(first), "08006", "a refused policy changes nothing");
  await clusters.setPolicy(first.id, undefined);
  assert.equal(await refusal(first), "taken");
});

test("when the last cluster is deleted, an empty one takes its place", async () => {
  const { clusters } = running.cluster;
  const old = clusters.first;
  await (await connect(old)).query("CREATE TABLE kept (id int PRIMARY KEY)");
  await clusters.delete(old.id);
  const { first } = clusters;
  assert.notEqual(first.id, old.id);
  assert.equal(first.region, old.region);
  assert.ok(!existsSync(join(dataDir, "postgres")));
  await assert.rejects((await connect(first)).query("SELECT * FROM kept"), { code: "42P01" });
  assert.equal(running.cluster.endpoint, first.endpoint);
});

test("a Region holds as many clusters as the service's quota allows", async () => {
  const { clusters } = running.cluster;
  const made: string[] = [];
  await assert.rejects(
    async () => {
      for (;;) made.push((await create("eu-west-2", true)).id);
    },
    { name: "ClusterConflict" },
  );
  // 20 of one Region and 5 of several; which is which the control plane knows, and counts.
  assert.equal(made.length, 25);
  for (const id of made) await clusters.delete(id);
});
