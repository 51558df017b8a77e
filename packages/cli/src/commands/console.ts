import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { Command } from "commander";
import { Failure } from "../failure.ts";
import { dataDirOption, resolveDataDir } from "../options.ts";
import { runningStack } from "../stack/index.ts";

interface ConsoleOptions {
  readonly dataDir: string;
  readonly open: boolean;
  readonly json: boolean;
}

export function consoleCommand(): Command {
  return new Command("console")
    .description(
      "Opens the console of the running stack in your browser, and prints its address: conflicts as timelines, sessions\n" +
        "side by side, live figures, faults, SQL. The address carries a token that is good until the stack stops.",
    )
    .addOption(dataDirOption())
    .option("--no-open", "print the address only")
    .option("--json", "print a JSON object with the address, open nothing", false)
    .addHelpText(
      "after",
      `
Examples:
  $ npx dsql console
  $ npx dsql console --no-open
`,
    )
    .action(openConsole);
}

async function openConsole({ dataDir, open, json }: ConsoleOptions): Promise<void> {
  const stack = await runningStack(resolveDataDir(dataDir));
  const token = await readFile(path.join(stack.dataDir, "cloud", "api-token"), "utf8").catch(
    (cause: unknown) => {
      throw new Failure("the token of the stack cannot be read", {
        remedy: "Start the stack again with this version of dsql, as the same user.",
        cause,
      });
    },
  );
  const url = `${stack.awsEndpoint}/_dsql/?token=${token}`;
  process.stdout.write(json ? `${JSON.stringify({ url })}\n` : `${url}\n`);
  if (open && !json && process.stdout.isTTY) openInBrowser(url);
}

/** Where there is no browser, the printed address is what there is. */
function openInBrowser(url: string): void {
  const [program = "", ...before] =
    process.platform === "darwin"
      ? ["open"]
      : process.platform === "win32"
        ? ["rundll32", "url.dll,FileProtocolHandler"]
        : ["xdg-open"];
  const child = spawn(program, [...before, url], { stdio: "ignore", detached: true });
  child.on("error", () => undefined);
  child.unref();
}
