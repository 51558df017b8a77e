/**
 * Cancel keys: what a client shows, on another connection, to have its running statement stopped.
 *
 * The pair is all the proof there is, so the secret is compared in constant time and a wrong one is not answered.
 *
 * Source: PostgreSQL documentation, "Canceling Requests in Progress".
 */
import { timingSafeEqual } from "node:crypto";

import type { Random } from "../base/index.ts";

/** Both 32 bits wide, as BackendKeyData carries them. */
export interface CancelKey {
  /** 1 to 2³¹ − 1. */
  readonly processId: number;
  readonly secretKey: number;
}

export class CancelKeys {
  readonly #random: Random;
  readonly #issued = new Map<number, { readonly secret: Buffer; readonly cancel: () => void }>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** As many as there are connections, so no bound of its own. The key works until it is withdrawn. */
  issue(cancel: () => void): CancelKey {
    const processId = this.#freeProcessId();
    const secret = this.#random.bytes(4);
    this.#issued.set(processId, { secret, cancel });
    return { processId, secretKey: secret.readInt32BE(0) };
  }

  withdraw(key: CancelKey): void {
    this.#issued.delete(key.processId);
  }

  /** @returns whether the key was one of ours; the client never hears it */
  cancel(key: CancelKey): boolean {
    const issued = this.#issued.get(key.processId);
    const shown = Buffer.alloc(4);
    shown.writeInt32BE(key.secretKey);
    if (issued === undefined || !timingSafeEqual(issued.secret, shown)) return false;
    issued.cancel();
    return true;
  }

  #freeProcessId(): number {
    for (;;) {
      const processId = this.#random.bytes(4).readUInt32BE(0) >>> 1;
      if (processId !== 0 && !this.#issued.has(processId)) return processId;
    }
  }
}
