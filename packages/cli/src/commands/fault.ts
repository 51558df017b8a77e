import process from "node:process";
import { type FaultOptions, type FaultState } from "@dsql-local/cluster";
import { Command, InvalidArgumentError } from "commander";
import { dataDirOption, resolveDataDir } from "../options.ts";
import { observationClient, runningStack } from "../stack/index.ts";

interface FaultFlags extends Omit<FaultOptions, "kind"> {
  readonly dataDir: string;
  readonly json: boolean;
}

export function faultCommand(): Command {
  return new Command("fault")
    .description(
      "Makes the running cluster do what an application must survive, lists such faults, or ends them all.\n" +
        "Kinds: conflict, schema-conflict, lose-connection, refuse-connection, unavailable, slow,\n" +
        "slow-index-build, fail-index-build.",
    )
    .argument("<kind>", "a kind of fault; or list, or clear")
    .addOption(dataDirOption())
    .option(
      "--at <where>",
      "lose-connection: before-commit, after-commit, mid-result; refuse-connection: access-denied, rate-exceeded, waking-up; slow: statement, commit, connect",
    )
    .option("--delay-ms <n>", "how long what is slow takes, in milliseconds", toNumber)
    .option("--role <name>", "only for this role")
    .option("--application-name <name>", "only for sessions that have named themselves so")
    .option("--table <name>", "only where this table is concerned")
    .option("--every <n>", "every so many calls; each one unless given", toNumber)
    .option("--probability <p>", "0 to 1, instead of --every", toNumber)
    .option("--seed <n>", "of --probability: the same seed hits the same calls", toNumber)
    .option("--times <n>", "end after so many", toNumber)
    .option("--for-ms <n>", "end after so many milliseconds", toNumber)
    .option("--json", "print JSON", false)
    .addHelpText(
      "after",
      `
Examples:
  $ npx dsql fault conflict --table account --every 3 --times 5
  $ npx dsql fault lose-connection --at after-commit --times 1
  $ npx dsql fault list
  $ npx dsql fault clear
`,
    )
    .action(fault);
}

function toNumber(text: string): number {
  const number = Number(text);
  if (text.trim() === "" || Number.isNaN(number)) throw new InvalidArgumentError("It is a number.");
  return number;
}

async function fault(kind: string, { dataDir, json, ...options }: FaultFlags): Promise<void> {
  const ask = observationClient(await runningStack(resolveDataDir(dataDir)));
  const faults = await answered(ask, kind, options);
  if (json) process.stdout.write(`${JSON.stringify(faults)}\n`);
  else process.stdout.write(faults.length === 0 ? "No faults.\n" : faults.map(line).join(""));
}

async function answered(
  ask: ReturnType<typeof observationClient>,
  kind: string,
  options: Omit<FaultOptions, "kind">,
): Promise<readonly FaultState[]> {
  if (kind === "list" || kind === "clear") {
    const answer = await ask(kind === "list" ? "GET" : "DELETE", "faults");
    return (answer as { faults: readonly FaultState[] }).faults;
  }
  return [((await ask("POST", "faults", { kind, ...options })) as { fault: FaultState }).fault];
}

function line({ id, options: { kind, ...options }, matched, injected }: FaultState): string {
  const told = Object.entries(options).map(([name, value]) => `${name}=${String(value)}`);
  return `${[id, kind, ...told].join(" ")}: ${injected} injected of ${matched} that matched\n`;
}
