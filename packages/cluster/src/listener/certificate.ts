/**
 * Writes X.509 certificates: ECDSA on P-256, and just the extensions that a small authority and its server need.
 *
 * Node reads certificates but does not write them; the DER encoding of one needs no more than the constructors below.
 * `openssl`, Node, libpq and Java have verified what this makes.
 *
 * Source: RFC 5280 (certificates), RFC 5480 (elliptic curve keys), X.690 (DER).
 * Tests: certificate-authority.test.ts.
 */
import { type KeyObject, createHash, createPublicKey, randomBytes, sign } from "node:crypto";

export interface CertificateFields {
  /** Common names; nothing else is in our names. */
  readonly subject: string;
  readonly issuer: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** The key that the certificate is about, and the one that vouches for it. */
  readonly subjectKey: KeyObject;
  readonly issuerKey: KeyObject;
  readonly use: CertificateUse;
}

export type CertificateUse =
  | {
      readonly kind: "authority";
      /** It may vouch for these domains and names below them. */ readonly domains: readonly string[];
    }
  | { readonly kind: "server"; readonly names: readonly string[] };

/** @returns the certificate in DER */
export function createCertificate(fields: CertificateFields): Buffer {
  const toBeSigned = sequence(
    explicit(0, integer(Buffer.from([2]))), // version 3
    integer(serialNumber()),
    ecdsaWithSha256,
    name(fields.issuer),
    sequence(time(fields.notBeforeMs), time(fields.notAfterMs)),
    name(fields.subject),
    publicKeyInfo(fields.subjectKey),
    explicit(3, sequence(...extensions(fields))),
  );
  const signature = sign("sha256", toBeSigned, { key: fields.issuerKey, dsaEncoding: "der" });
  return sequence(toBeSigned, ecdsaWithSha256, bitString(signature));
}

function extensions({ use, subjectKey, issuerKey }: CertificateFields): Buffer[] {
  const identifiers = [
    extension("2.5.29.14", false, octetString(keyIdentifier(subjectKey))),
    extension("2.5.29.35", false, sequence(implicit(0, keyIdentifier(issuerKey)))),
  ];
  if (use.kind === "authority") {
    const noFurtherAuthorities = integer(Buffer.from([0]));
    return [
      extension("2.5.29.19", true, sequence(yes, noFurtherAuthorities)), // basicConstraints
      extension("2.5.29.15", true, bitString(Buffer.from([0b0000_0110]), 1)), // keyUsage: keyCertSign, cRLSign
      extension(
        "2.5.29.30",
        true,
        sequence(implicitSequence(0, ...use.domains.map((domain) => sequence(dnsName(domain))))),
      ), // nameConstraints
      ...identifiers,
    ];
  }
  return [
    extension("2.5.29.19", true, sequence()), // basicConstraints: no authority
    extension("2.5.29.15", true, bitString(Buffer.from([0b1000_0000]), 7)), // keyUsage: digitalSignature
    extension("2.5.29.37", false, sequence(objectIdentifier("1.3.6.1.5.5.7.3.1"))), // extKeyUsage: serverAuth
    extension("2.5.29.17", false, sequence(...use.names.map(dnsName))), // subjectAltName
    ...identifiers,
  ];
}

/** Positive, without a leading zero byte, and too long to come up twice. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes;
}

function publicKeyInfo(key: KeyObject): Buffer {
  const publicKey = key.type === "private" ? createPublicKey(key) : key;
  return publicKey.export({ type: "spki", format: "der" });
}

// An uncompressed point on P-256: 0x04 and two coordinates of 32 bytes, at the end of the key's DER form.
const pointBytes = 65;

/** RFC 5280, 4.2.1.2, method 1: the SHA-1 of the key's bits. A name, not a safeguard. */
function keyIdentifier(key: KeyObject): Buffer {
  return createHash("sha1").update(publicKeyInfo(key).subarray(-pointBytes)).digest();
}

function extension(identifier: string, isCritical: boolean, value: Buffer): Buffer {
  return sequence(objectIdentifier(identifier), ...(isCritical ? [yes] : []), octetString(value));
}

function name(commonName: string): Buffer {
  const attribute = sequence(objectIdentifier("2.5.4.3"), encoded(0x0c, Buffer.from(commonName)));
  return sequence(encoded(0x31, attribute));
}

function dnsName(text: string): Buffer {
  return implicit(2, Buffer.from(text, "ascii"));
}

/** RFC 5280, 4.1.2.5: two-digit years until 2049, four-digit ones from then on. */
function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/[-:T]|\.\d{3}/g, "");
  return text < "2050" ? encoded(0x17, Buffer.from(text.slice(2))) : encoded(0x18, Buffer.from(text));
}

function objectIdentifier(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split(".").map(Number);
  return encoded(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** Seven bits a byte, the highest first; all but the last byte have the top bit set. */
function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let left = value >>> 7; left > 0; left >>>= 7) bytes.unshift((left & 0x7f) | 0x80);
  return bytes;
}

const yes = encoded(0x01, Buffer.from([0xff]));
const ecdsaWithSha256 = sequence(objectIdentifier("1.2.840.10045.4.3.2"));

function integer(bytes: Buffer): Buffer {
  return encoded(0x02, bytes);
}

function bitString(bytes: Buffer, unusedBits = 0): Buffer {
  return encoded(0x03, Buffer.from([unusedBits]), bytes);
}

function octetString(bytes: Buffer): Buffer {
  return encoded(0x04, bytes);
}

function sequence(...members: Buffer[]): Buffer {
  return encoded(0x30, ...members);
}

function explicit(tag: number, member: Buffer): Buffer {
  return encoded(0xa0 | tag, member);
}

function implicitSequence(tag: number, ...members: Buffer[]): Buffer {
  return encoded(0xa0 | tag, ...members);
}

function implicit(tag: number, bytes: Buffer): Buffer {
  return encoded(0x80 | tag, bytes);
}

function encoded(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >>> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}
