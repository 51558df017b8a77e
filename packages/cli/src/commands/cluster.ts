import process from "node:process";
import { Command, InvalidArgumentError, Option } from "commander";
import type { ControlPlane, DescribedCluster } from "../control-plane/index.ts";
import { dataDirOption, regionName, resolveDataDir } from "../options.ts";
import { chooseCluster, clustersOf, runningStack, type StackFacts } from "../stack/index.ts";
import { painter } from "../terminal.ts";

interface CommonOptions {
  readonly dataDir: string;
  readonly json: boolean;
}

interface CreateOptions extends CommonOptions {
  readonly region: readonly string[];
  readonly witness: string;
  readonly name?: string;
}

const witnessDefault = "us-west-2";

export function clusterCommand(): Command {
  const command = new Command("cluster").description(
    "A stack begins with one cluster, which is all that most work needs. Further ones have data, roles and tokens of\n" +
      "their own behind the same port; two in different Regions can share their data. `aws dsql` does the same.",
  );
  for (const part of [listCommand(), createCommand(), deleteCommand()]) {
    part.exitOverride().showHelpAfterError(`(dsql cluster ${part.name()} --help shows what it takes)`);
    command.addCommand(part);
  }
  return command;
}

function listCommand(): Command {
  return new Command("list")
    .summary("list the clusters, oldest first")
    .addOption(dataDirOption())
    .option("--json", "print one line of JSON", false)
    .action(async (options: CommonOptions) => {
      const { facts, plane } = await openPlane(options.dataDir);
      const clusters = await clustersOf(facts.dataDir);
      print(options, await Promise.all(clusters.map((cluster) => plane.describe(cluster))));
    });
}

function createCommand(): Command {
  return new Command("create")
    .summary("create a cluster, or one in each of two Regions over the same data")
    .addOption(dataDirOption())
    .addOption(
      new Option(
        "--region <regions>",
        "its Region, or two Regions with a comma between (default: the stack's)",
      )
        .argParser(regionNames)
        .default([]),
    )
    .addOption(
      new Option("--witness <region>", "with two Regions: the third one, which has no endpoint")
        .argParser(regionName)
        .default(witnessDefault),
    )
    .option("--name <name>", "its tag Name")
    .option("--json", "print one line of JSON", false)
    .addHelpText(
      "after",
      `
Examples:
  $ npx dsql cluster create --name orders
  $ npx dsql cluster create --region us-east-1,us-east-2
  $ npx dsql sql --cluster us-east-2 "SELECT 1"

The first one is given the cluster that the stack began with, if nobody has used that yet.
`,
    )
    .action(createClusters);
}

function deleteCommand(): Command {
  return new Command("delete")
    .summary("delete a cluster with its data, and its peer with it")
    .argument("<cluster>", "an id or its beginning, an endpoint, an ARN or a Region")
    .addOption(dataDirOption())
    .option("--force", "also where deletion protection is on", false)
    .addHelpText("after", "\nExamples:\n  $ npx dsql cluster delete us-east-2\n")
    .action(async (wanted: string, options: { dataDir: string; force: boolean }) => {
      const { facts, plane } = await openPlane(options.dataDir);
      const chosen = chooseCluster(await clustersOf(facts.dataDir), wanted, facts.dataDir);
      const deleted = await plane.delete(chosen, options.force);
      process.stdout.write(`Deleted ${deleted.map(({ id }) => id).join(" and its peer ")} with the data.\n`);
    });
}

function regionNames(text: string): readonly string[] {
  const regions = text.split(",").map((region) => regionName(region.trim()));
  if (regions.length > 2 || new Set(regions).size !== regions.length)
    throw new InvalidArgumentError("Give one Region, or two different ones.");
  return regions;
}

/** Loaded here, not above: the SDK's client takes a while, and the other commands do not need it. */
async function openPlane(dataDir: string): Promise<{ facts: StackFacts; plane: ControlPlane }> {
  const facts = await runningStack(resolveDataDir(dataDir));
  const { ControlPlane } = await import("../control-plane/index.ts");
  return { facts, plane: new ControlPlane(facts) };
}

async function createClusters(options: CreateOptions): Promise<void> {
  const { facts, plane } = await openPlane(options.dataDir);
  const { name, witness: witnessRegion } = options;
  const [first = facts.region, second] = options.region;
  print(
    options,
    second === undefined
      ? [await plane.create({ region: first, name })]
      : await plane.createPeers({ regions: [first, second], witnessRegion, name }),
  );
}

function print({ json }: CommonOptions, clusters: readonly DescribedCluster[]): void {
  process.stdout.write(
    json ? `${JSON.stringify(clusters)}\n` : clusters.map((each) => `${line(each)}\n`).join(""),
  );
}

function line({ endpoint, status, name, peers }: DescribedCluster): string {
  const paint = painter(process.stdout);
  const words = [endpoint, paint.green(status), ...(name === undefined ? [] : [name])];
  const regions = peers.map((arn) => arn.split(":")[3] ?? "").join(", ");
  return [...words, ...(regions === "" ? [] : [`peer of ${regions}`])].join("  ");
}
