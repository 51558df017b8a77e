/** What the tests of the signature share: a credential, a moment, and the AWS SDK's own signer. */
import { createHash, createHmac, type Hash, type Hmac } from "node:crypto";

import { SignatureV4 } from "@smithy/signature-v4";
import type { ChecksumConstructor } from "@smithy/types";

export const fixedMs = Date.UTC(2026, 9, 1, 12, 30, 15);

export const credential = {
  accessKeyId: "ASIAEXAMPLEEXAMPLE22",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  sessionToken: "IQoJb3JpZ2luX2VjEXAMPLE+with/what=clients forget to encode%",
};

export const hostHeader = { host: "abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws" };

export function awsSigner(service: string): SignatureV4 {
  return new SignatureV4({
    service,
    region: "us-east-1",
    credentials: credential,
    sha256: NodeSha256 as unknown as ChecksumConstructor,
    uriEscapePath: service !== "s3",
    applyChecksum: true,
  });
}

class NodeSha256 {
  readonly #hash: Hash | Hmac;

  constructor(secret?: Uint8Array | string) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret);
  }

  update(data: Uint8Array | string): void {
    this.#hash.update(data);
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
}
