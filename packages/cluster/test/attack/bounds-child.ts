/**
 * A cluster in a process of its own, whose memory can be asked for: `node bounds-child.js`, with IPC. The first message to
 * it holds the cluster's options.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { ClusterOptions } from "../../src/index.ts";
import { runCluster } from "../running-cluster.ts";
import type { Answer, Ask } from "./bounds-server.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const say = (answer: Answer): void => void process.send?.(answer);

process.once("message", (options: Partial<ClusterOptions>) => {
  void serve(options);
});

async function serve(options: Partial<ClusterOptions>): Promise<void> {
  const running = await runCluster(options);
  const { cluster } = running;
  process.on("message", (ask: Ask) => {
    switch (ask.kind) {
      case "memory": {
        collectGarbage();
        const { heapUsed, external, rss } = process.memoryUsage();
        const peakBytes = process.resourceUsage().maxRSS * 1024;
        say({ kind: "memory", keptBytes: heapUsed + external, residentBytes: rss, peakBytes });
        return;
      }
      case "stop":
        void running.stop().then(() => process.exit(0));
    }
  });
  process.on("disconnect", () => void running.stop().then(() => process.exit(0)));
  const { host, port, ssl } = cluster.connection();
  say({ kind: "started", host, port, ssl, token: cluster.token({ expiresInSeconds: 3_600 }) });
}
