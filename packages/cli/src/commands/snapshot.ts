import process from "node:process";
import { Argument, Command } from "commander";
import { exitCodes, Failure } from "../failure.ts";
import { dataDirOption, resolveDataDir } from "../options.ts";
import { observationClient, runningStack } from "../stack/index.ts";

type Action = "save" | "restore" | "list" | "delete";

interface SnapshotFlags {
  readonly dataDir: string;
  readonly json: boolean;
}

export function snapshotCommand(): Command {
  return new Command("snapshot")
    .description(
      "Keeps the data of the running stack under a name, or makes them what they were: rows, schema, roles, grants, jobs.\n" +
        "They are those of the stack's oldest cluster, and are kept in its data directory until they are deleted.",
    )
    .addArgument(new Argument("<action>", "what to do").choices(["save", "restore", "list", "delete"]))
    .argument("[name]", "of the snapshot: letters, digits, - and _, at most 63; list takes none")
    .addOption(dataDirOption())
    .option("--json", "print JSON", false)
    .addHelpText(
      "after",
      `
Examples:
  $ npx dsql snapshot save filled         # replaces one of this name
  $ npx dsql snapshot restore filled      # before each test
  $ npx dsql snapshot list
  $ npx dsql snapshot delete filled

save waits up to five seconds for open transactions to end, then refuses. restore ends them as by a lost connection (57P01); connections that
are idle stay, and no session hears OC001.
`,
    )
    .action(snapshot);
}

async function snapshot(
  action: Action,
  name: string | undefined,
  { dataDir, json }: SnapshotFlags,
): Promise<void> {
  if ((action === "list") !== (name === undefined)) {
    const problem =
      action === "list" ? "dsql snapshot list takes no name" : `dsql snapshot ${action} needs a name`;
    throw new Failure(problem, { exitCode: exitCodes.usage });
  }
  const ask = observationClient(await runningStack(resolveDataDir(dataDir)));
  const answer = await answered(ask, action, name ?? "");
  process.stdout.write(json ? `${JSON.stringify(answer)}\n` : told(action, name ?? "", answer));
}

async function answered(
  ask: ReturnType<typeof observationClient>,
  action: Action,
  name: string,
): Promise<unknown> {
  const one = `snapshots/${encodeURIComponent(name)}`;
  switch (action) {
    case "save":
      return await ask("POST", "snapshots", { name });
    case "restore":
      return await ask("POST", `${one}/restore`);
    case "list":
      return await ask("GET", "snapshots");
    case "delete":
      return await ask("DELETE", one);
  }
}

function told(action: Action, name: string, answer: unknown): string {
  if (action !== "list")
    return `${{ save: "Saved", restore: "Restored", delete: "Deleted" }[action]} ${name}.\n`;
  const { snapshots } = answer as { snapshots: readonly string[] };
  return snapshots.length === 0 ? "No snapshots.\n" : snapshots.map((each) => `${each}\n`).join("");
}
