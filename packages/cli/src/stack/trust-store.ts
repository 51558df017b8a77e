/**
 * A trust store that Java reads: certificates in PKCS #12, each marked as trusted. Without a password: there is nothing
 * secret in it, and Java opens such a store without one.
 *
 * Source: RFC 7292; the mark is Oracle's, `trustedKeyUsage`, without which Java does not take a certificate for an anchor.
 * Tests: trust-store.test.ts, with Java's own keytool and with OpenSSL.
 */
import { X509Certificate } from "node:crypto";

/** @param pem - certificates in PEM, one after the other; @returns the store */
export function trustStoreOf(pem: string): Buffer {
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const bags = certificates.map((text, index) => certificateBag(new X509Certificate(text).raw, index));
  const safeContents = contentInfo(sequence(...bags));
  return sequence(integer(3), contentInfo(sequence(safeContents)));
}

const oids = {
  data: "2a864886f70d010701", // 1.2.840.113549.1.7.1
  certBag: "2a864886f70d010c0a0103", // 1.2.840.113549.1.12.10.1.3
  x509Certificate: "2a864886f70d01091601", // 1.2.840.113549.1.9.22.1
  friendlyName: "2a864886f70d010914", // 1.2.840.113549.1.9.20
  trustedKeyUsage: "6086480186f966adca7b0101", // 2.16.840.1.113894.746875.1.1
  anyExtendedKeyUsage: "551d2500", // 2.5.29.37.0
} as const;

function certificateBag(certificate: Buffer, index: number): Buffer {
  const name = Buffer.from(`dsql-local ${index}`, "utf16le").swap16();
  return sequence(
    oid("certBag"),
    explicit(sequence(oid("x509Certificate"), explicit(encoded(0x04, certificate)))),
    set(
      sequence(oid("friendlyName"), set(encoded(0x1e, name))),
      sequence(oid("trustedKeyUsage"), set(oid("anyExtendedKeyUsage"))),
    ),
  );
}

function contentInfo(content: Buffer): Buffer {
  return sequence(oid("data"), explicit(encoded(0x04, content)));
}

const oid = (name: keyof typeof oids): Buffer => encoded(0x06, Buffer.from(oids[name], "hex"));
const integer = (value: number): Buffer => encoded(0x02, Buffer.from([value]));
const sequence = (...members: Buffer[]): Buffer => encoded(0x30, ...members);
const set = (...members: Buffer[]): Buffer => encoded(0x31, ...members);
const explicit = (member: Buffer): Buffer => encoded(0xa0, member);

/** X.690: a length below 128 is one byte, a longer one says first how many bytes it has. */
function encoded(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const digits = content.length.toString(16);
  const bytes = Buffer.from(digits.padStart(digits.length + (digits.length % 2), "0"), "hex");
  const length = content.length < 0x80 ? bytes : Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes]);
  return Buffer.concat([Buffer.from([tag]), length, content]);
}
