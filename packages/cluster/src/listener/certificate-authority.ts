/**
 * The local certificate authority: lets clients verify the cluster (`sslmode=verify-full`) under its real host name.
 *
 * `tls/ca.pem` is what clients are told to trust. It is made once per data directory, so trust survives restarts, and it
 * can vouch for names under `on.aws` only: whoever gets hold of its key cannot pose as any other site to a machine that
 * trusts it. The server's certificate is renewed at a start when its end is near.
 *
 * Source: RFC 5280. Tests: certificate-authority.test.ts, and psql and Node against it in test/listener.test.ts.
 */
import {
  type KeyObject,
  X509Certificate,
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
} from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { createCertificate } from "./certificate.ts";
import { localName } from "./server-name.ts";

export interface CertificateOptions {
  /** `<dataDir>/tls`; made when missing. */
  readonly folder: string;
  /** Names in the server's certificate are of this Region … */
  readonly region: string;
  /** … and of these. */
  readonly furtherRegions?: readonly string[] | undefined;
  readonly nowMs: number;
}

/** All in PEM. */
export interface Certificates {
  /** Where clients find the authority's certificate. */
  readonly caFile: string;
  readonly ca: string;
  /** The server's certificate followed by the authority's. */
  readonly certificate: string;
  readonly key: string;
}

const dayMs = 24 * 60 * 60 * 1000;
const authorityDays = 3_650;
// Some TLS libraries refuse server certificates that are good for more than 398 days.
const serverDays = 397;
const renewalDays = 90;

interface Pair {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

/**
 * @throws {Error} the authority's files are damaged or cannot be written; the message says what to do
 */
export function openCertificates(options: CertificateOptions): Certificates {
  mkdirSync(options.folder, { recursive: true });
  const authority = readAuthority(options) ?? createAuthority(options);
  const server = readServer(options, authority) ?? createServer(options, authority);
  const ca = toPem(authority.certificate);
  return {
    caFile: join(options.folder, "ca.pem"),
    ca,
    certificate: toPem(server.certificate) + ca,
    key: keyToPem(server.key),
  };
}

/**
 * Names that the server may be reached by: the public form, the PrivateLink form with our own suffix, and the local name
 * where the authority may vouch for it. One of an earlier version may not, and a single name beyond what it may makes
 * clients refuse the whole certificate; clients trust that authority, so it stays.
 */
function serverNames(
  { region, furtherRegions = [] }: CertificateOptions,
  authority: Pair,
): readonly string[] {
  const regions = [...new Set([region, ...furtherRegions])];
  const names = regions.flatMap((each) => [`*.dsql.${each}.on.aws`, `*.dsql-local.${each}.on.aws`]);
  return authority.certificate.raw.includes(localName) ? [...names, localName] : names;
}

function readAuthority({ folder, nowMs }: CertificateOptions): Pair | undefined {
  const file = join(folder, "ca.pem");
  if (!existsSync(file)) return undefined; // the key is written first, so without it nobody has trusted anything yet
  let pair: Pair;
  try {
    pair = readPair(folder, "ca");
  } catch (cause) {
    throw new Error(`${file} or its key is damaged. ${advice(folder)}`, { cause });
  }
  if (Date.parse(pair.certificate.validTo) < nowMs + serverDays * dayMs) {
    throw new Error(`${file} is good until ${pair.certificate.validTo} only. ${advice(folder)}`);
  }
  return pair;
}

function advice(folder: string): string {
  return `Remove ${folder}: a new certificate authority is made at the next start, and clients have to trust that one.`;
}

/** @returns undefined where a new one has to be issued, whatever the reason */
function readServer(options: CertificateOptions, authority: Pair): Pair | undefined {
  const { folder, nowMs } = options;
  try {
    const server = readPair(folder, "server");
    const { certificate } = server;
    const names = serverNames(options, authority).map((name) => `DNS:${name}`);
    const isIssuedByAuthority = certificate.verify(authority.certificate.publicKey);
    const isFresh =
      Date.parse(certificate.validTo) > nowMs + renewalDays * dayMs &&
      Date.parse(certificate.validFrom) <= nowMs;
    return isIssuedByAuthority && isFresh && certificate.subjectAltName === names.join(", ")
      ? server
      : undefined;
  } catch {
    return undefined; // missing or damaged: nothing depends on this very one
  }
}

function readPair(folder: string, name: string): Pair {
  const certificate = new X509Certificate(readFileSync(join(folder, `${name}.pem`)));
  const key = createPrivateKey(readFileSync(join(folder, `${name}-key.pem`)));
  if (!certificate.checkPrivateKey(key)) throw new Error(`${name}-key.pem is not the key of ${name}.pem`);
  return { certificate, key };
}

function createAuthority({ folder, nowMs }: CertificateOptions): Pair {
  const key = createKey();
  const subject = `dsql-local certificate authority ${randomBytes(4).toString("hex")}`;
  const certificate = createCertificate({
    subject,
    issuer: subject,
    notBeforeMs: nowMs - dayMs, // clocks of clients may be behind
    notAfterMs: nowMs + authorityDays * dayMs,
    subjectKey: key,
    issuerKey: key,
    use: { kind: "authority", domains: ["on.aws", localName] },
  });
  return writePair(folder, "ca", certificate, key);
}

function createServer(options: CertificateOptions, authority: Pair): Pair {
  const { folder, nowMs } = options;
  const key = createKey();
  const certificate = createCertificate({
    subject: "dsql-local cluster",
    issuer: authority.certificate.subject.replace(/^CN=/, ""),
    notBeforeMs: nowMs - dayMs,
    notAfterMs: nowMs + serverDays * dayMs,
    subjectKey: key,
    issuerKey: authority.key,
    use: { kind: "server", names: serverNames(options, authority) },
  });
  return writePair(folder, "server", certificate, key);
}

function createKey(): KeyObject {
  return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
}

/** The key first: a certificate without its key would be an authority that can vouch for nothing. */
function writePair(folder: string, name: string, der: Buffer, key: KeyObject): Pair {
  const certificate = new X509Certificate(der);
  write(join(folder, `${name}-key.pem`), keyToPem(key), 0o600);
  write(join(folder, `${name}.pem`), toPem(certificate), 0o644);
  return { certificate, key };
}

function write(file: string, text: string, mode: number): void {
  const draft = `${file}.new`;
  writeFileSync(draft, text, { mode });
  chmodSync(draft, mode);
  renameSync(draft, file);
}

function toPem(certificate: X509Certificate): string {
  return certificate.toString(); // ends with a newline
}

function keyToPem(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}
