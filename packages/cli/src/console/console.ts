/** Which request is answered where. */
import type { ApiRequest, Cloud, ConsoleParts } from "@dsql-local/cloud";
import type { Cluster } from "@dsql-local/cluster";
import { consoleFolder } from "@dsql-local/console";

export interface ConsoleOf {
  readonly cluster: Cluster;
  /** Undefined until it has been made. */
  readonly cloud: () => Cloud | undefined;
}

export function createConsole({ cluster }: ConsoleOf): ConsoleParts {
  const answers: Readonly<Record<string, (request: ApiRequest) => Promise<object>>> = {
    "GET stack": async () => ({
      endpoint: cluster.endpoint,
      region: cluster.region,
      account: cluster.account,
      host: cluster.host,
      port: cluster.port,
      dataDir: cluster.dataDir,
    }),
  };
  return {
    folder: consoleFolder,
    answer: async (request) => answers[`${request.method} ${request.path}`]?.(request),
    close: async () => undefined,
  };
}
