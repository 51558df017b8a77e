import process from "node:process";
import { Command } from "commander";
import { exitCodes } from "../failure.ts";
import { dataDirFlag, dataDirOption, resolveDataDir } from "../options.ts";
import { painter } from "../terminal.ts";
import { clustersOf, endpointOf, findStack, stackFacts, type StackState } from "../stack/index.ts";

export function statusCommand(): Command {
  return new Command("status")
    .description(
      "Says whether a stack runs on the data directory, and where. Exit code 0: it runs; 3: it does not.",
    )
    .addOption(dataDirOption())
    .option("--json", "print one line of JSON", false)
    .addHelpText(
      "after",
      `
Examples:
  $ npx dsql status
  $ npx dsql status --json | jq -r .awsEndpoint
  $ npx dsql status > /dev/null || npx dsql start
`,
    )
    .action(printStatus);
}

async function printStatus(options: { dataDir: string; json: boolean }): Promise<void> {
  const dataDir = resolveDataDir(options.dataDir);
  const found = await findStack(dataDir);
  const clusters = (await clustersOf(dataDir)).map(describe);
  const text = options.json ? statusAsJson(found, dataDir, clusters) : statusText(found, dataDir, clusters);
  process.stdout.write(`${text}\n`);
  if (found.state !== "running") process.exitCode = exitCodes.notRunning;
}

interface ListedCluster {
  readonly id: string;
  readonly region: string;
  readonly endpoint: string;
}

function describe({ id, region }: { id: string; region: string }): ListedCluster {
  return { id, region, endpoint: endpointOf({ id, region }) };
}

function statusAsJson(found: StackState, dataDir: string, clusters: readonly ListedCluster[]): string {
  const { state } = found;
  switch (state) {
    case "stopped":
      return JSON.stringify({ state, dataDir });
    case "starting":
      return JSON.stringify({ state, dataDir, pid: found.holder.pid, startedAt: found.holder.startedAt });
    case "silent":
    case "running":
      return JSON.stringify({
        state,
        ...stackFacts(found.facts),
        startedAt: found.holder.startedAt,
        clusters,
      });
  }
}

function statusText(found: StackState, dataDir: string, clusters: readonly ListedCluster[]): string {
  const paint = painter(process.stdout);
  switch (found.state) {
    case "stopped":
      return `Nothing runs on ${dataDir}.\nStart it with: npx dsql start${dataDirFlag(dataDir)}`;
    case "starting":
      return `Process ${found.holder.pid} is starting on ${dataDir}.`;
    case "silent":
      return `Process ${found.facts.pid} holds ${dataDir} but does not answer on ${found.facts.host}:${found.facts.port}.`;
    case "running": {
      const { facts, holder } = found;
      return [
        `${paint.green("Running")} since ${holder.startedAt} (process ${facts.pid}).`,
        `  cluster   ${facts.clusterEndpoint}, on ${facts.host}:${facts.port}`,
        ...clusters
          .filter(({ id }) => id !== facts.clusterId)
          .map(({ endpoint }) => `            ${endpoint}, on the same port`),
        `  AWS       ${facts.awsEndpoint}, account ${facts.account}, ${facts.region}`,
        `  data      ${facts.dataDir}`,
      ].join("\n");
    }
  }
}
