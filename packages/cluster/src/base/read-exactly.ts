/** Reads from a stream so many bytes and not one more: what follows stays in it, for whoever reads on. */
import type { Duplex } from "node:stream";

/**
 * Never rejects: an error of the stream closes it, and what was still to be read will not come.
 *
 * @returns undefined where the stream ends before
 */
export function readExactly(stream: Duplex, bytes: number): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const settle = (chunk: Buffer | undefined): void => {
      stream.off("readable", attempt).off("end", abandon).off("close", abandon);
      resolve(chunk);
    };
    const abandon = (): void => {
      settle(undefined);
    };
    const attempt = (): void => {
      // At the end of the stream, read() gives what is left, however little.
      const chunk = stream.read(bytes) as Buffer | null;
      if (chunk !== null) settle(chunk.length === bytes ? chunk : undefined);
    };
    stream.on("readable", attempt).on("end", abandon).on("close", abandon);
    if (stream.destroyed || stream.readableEnded) abandon();
    else attempt();
  });
}
