/**
 * A program that runs a cluster under a wall clock that its parent sets: every `Date` in it is off by what the last message
 * said. It answers each message when that is so.
 */
import { createCluster } from "../src/index.ts";
import { newDataDir } from "./running-cluster.ts";
import { removeDataDir } from "../src/storage/index.ts";

let offsetMs = 0;
const RealDate = Date;
const realNow = Date.now.bind(Date);
class ShiftedDate extends RealDate {
  constructor(...given: unknown[]) {
    // @ts-expect-error -- Date's overloads, passed on
    super(...(given.length === 0 ? [ShiftedDate.now()] : given));
  }
  static override now(): number {
    return realNow() + offsetMs;
  }
}
globalThis.Date = ShiftedDate as DateConstructor;

const dataDir = newDataDir();
const cluster = createCluster({
  dataDir,
  connectionRate: { burst: 4, perSecond: 1_000 },
  livelyBackendsMax: 2,
});
await cluster.start();
const { host, port, ssl } = cluster.connection();
process.on("message", (message: { offsetMs: number }) => {
  offsetMs = message.offsetMs;
  process.send?.("set");
});
process.on("disconnect", () => {
  void cluster
    .stop({ immediate: true })
    .then(() => removeDataDir(dataDir))
    .finally(() => process.exit());
});
process.send?.({ host, port, ssl, password: cluster.token() });
