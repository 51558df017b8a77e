import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";

import { openCertificates } from "./certificate-authority.ts";

const nowMs = Date.now();
const dayMs = 86_400_000;
const region = "us-east-1";

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "dsql-tls-"));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

const serverOf = ({ certificate }: { certificate: string }): X509Certificate =>
  new X509Certificate(certificate);

test("the server's certificate is the authority's, for names of the region", (t) => {
  const certificates = openCertificates({ folder: folderOf(t), region, nowMs });
  const ca = new X509Certificate(certificates.ca);
  const server = serverOf(certificates);
  assert.ok(ca.ca && ca.verify(ca.publicKey));
  assert.ok(!server.ca && server.checkIssued(ca) && server.verify(ca.publicKey));
  const id = "abcdefghijklmnopqrstuvwxyz";
  assert.ok(server.checkHost(`${id}.dsql.us-east-1.on.aws`));
  assert.ok(server.checkHost(`${id}.dsql-local.us-east-1.on.aws`));
  assert.ok(server.checkHost("localhost"));
  for (const other of [`${id}.dsql.eu-west-1.on.aws`, "on.aws", "localhost.example"])
    assert.ok(!server.checkHost(other), other);
  assert.deepEqual(server.keyUsage, ["1.3.6.1.5.5.7.3.1"]);
});

test("further Regions have names of their own in it, and the authority stays", (t) => {
  const folder = folderOf(t);
  const alone = openCertificates({ folder, region, nowMs });
  const further = { folder, region, furtherRegions: [region, "eu-west-1"], nowMs };
  const both = openCertificates(further);
  assert.equal(both.ca, alone.ca);
  for (const name of ["us-east-1", "eu-west-1"])
    assert.ok(serverOf(both).checkHost(`abcdefghijklmnopqrstuvwxyz.dsql.${name}.on.aws`), name);
  assert.deepEqual(openCertificates(further), both, "the same Regions find the same certificate");
});

test(
  "keys are readable by their owner only",
  { skip: process.platform === "win32" && "no such modes" },
  (t) => {
    const folder = folderOf(t);
    openCertificates({ folder, region, nowMs });
    for (const name of ["ca-key.pem", "server-key.pem"])
      assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600);
  },
);

test("a restart finds the same authority and the same server certificate", (t) => {
  const folder = folderOf(t);
  const first = openCertificates({ folder, region, nowMs });
  assert.deepEqual(openCertificates({ folder, region, nowMs: nowMs + dayMs }), first);
});

test("the server's certificate is renewed when its end is near, its region another, or it is damaged", (t) => {
  const folder = folderOf(t);
  const first = openCertificates({ folder, region, nowMs });
  const later = openCertificates({ folder, region, nowMs: nowMs + 320 * dayMs });
  assert.equal(later.ca, first.ca);
  assert.notEqual(later.certificate, first.certificate);
  const moved = openCertificates({ folder, region: "eu-west-1", nowMs: nowMs + 320 * dayMs });
  assert.equal(moved.ca, first.ca);
  assert.match(serverOf(moved).subjectAltName ?? "", /eu-west-1/);
  writeFileSync(join(folder, "server-key.pem"), "damaged");
  const mended = openCertificates({ folder, region, nowMs });
  assert.equal(mended.ca, first.ca);
});

test("a damaged authority is an error that says what to do, not a new authority", (t) => {
  const folder = folderOf(t);
  openCertificates({ folder, region, nowMs });
  const before = readFileSync(join(folder, "ca.pem"), "utf8");
  writeFileSync(join(folder, "ca-key.pem"), "damaged");
  assert.throws(() => openCertificates({ folder, region, nowMs }), /ca\.pem or its key is damaged\. Remove /);
  assert.equal(readFileSync(join(folder, "ca.pem"), "utf8"), before);
});

test("dates after 2049 are written as such", (t) => {
  const certificates = openCertificates({ folder: folderOf(t), region, nowMs: Date.UTC(2045, 0, 1) });
  assert.match(new X509Certificate(certificates.ca).validTo, /2054 GMT$/);
});

test("openssl accepts the chain strictly, and nothing else from the authority", async (t) => {
  const run = promisify(execFile);
  if ((await run("openssl", ["version"]).catch(() => undefined)) === undefined) {
    t.skip("openssl is not installed");
    return;
  }
  const folder = folderOf(t);
  openCertificates({ folder, region, nowMs });
  const verify = (name: string): Promise<{ stdout: string }> =>
    run("openssl", [
      "verify",
      "-x509_strict",
      "-purpose",
      "sslserver",
      "-CAfile",
      join(folder, "ca.pem"),
      join(folder, name),
    ]);
  assert.match((await verify("server.pem")).stdout, /OK/);

  const other = folderOf(t);
  openCertificates({ folder: other, region, nowMs });
  const foreign = run("openssl", ["verify", "-CAfile", join(other, "ca.pem"), join(folder, "server.pem")]);
  await assert.rejects(foreign, /unable to get local issuer certificate|signature failure/);
});

test("the authority cannot vouch for names outside on.aws", async (t) => {
  const run = promisify(execFile);
  if ((await run("openssl", ["version"]).catch(() => undefined)) === undefined) {
    t.skip("openssl is not installed");
    return;
  }
  const folder = folderOf(t);
  openCertificates({ folder, region, nowMs });
  const path = (name: string): string => join(folder, name);
  writeFileSync(path("extensions"), "subjectAltName=DNS:bank.example\n");
  await run("openssl", [
    "req",
    "-new",
    "-key",
    path("server-key.pem"),
    "-subj",
    "/CN=x",
    "-out",
    path("request"),
  ]);
  await run("openssl", [
    ...[
      "x509",
      "-req",
      "-in",
      path("request"),
      "-CA",
      path("ca.pem"),
      "-CAkey",
      path("ca-key.pem"),
      "-set_serial",
      "1",
    ],
    ...["-days", "1", "-extfile", path("extensions"), "-out", path("forged.pem")],
  ]);
  const verified = run("openssl", ["verify", "-CAfile", path("ca.pem"), path("forged.pem")]);
  await assert.rejects(verified, /permitted subtree violation/);
});
