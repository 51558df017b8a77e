import { readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { adHocDefaults } from "dsql-toolkit";
import { Command, Option } from "commander";
import { exitCodes, Failure } from "../failure.ts";
import type { AuditLog, McpSettings } from "../mcp/index.ts";
import { nonEmpty, positiveNumber, resolveDataDir } from "../options.ts";
import { targetOptions, type TargetOptions } from "../stack/index.ts";

interface McpOptions extends TargetOptions {
  readonly allowWrites: boolean;
  readonly allowDdl: boolean;
  readonly rowsMax: number;
  readonly timeout: number;
  readonly audit?: string;
}

export function mcpCommand(): Command {
  const command = new Command("mcp").description(
    "A server of the Model Context Protocol on stdin and stdout: an assistant starts it and asks. Its tools: query,\n" +
      "transact, schema, explain, lint, jobs. It reads only, unless told otherwise here; what a statement does is\n" +
      "decided by its parse tree. Every statement is written to an audit log, without the values of parameters.",
  );
  for (const option of targetOptions()) command.addOption(option);
  return command
    .option("--allow-writes", "let transact change rows", false)
    .option("--allow-ddl", "let transact change the schema; roles and privileges never", false)
    .addOption(
      new Option("--rows-max <number>", "of one result")
        .argParser(positiveNumber)
        .default(adHocDefaults.rowsMax),
    )
    .addOption(
      new Option("--timeout <seconds>", "of one call")
        .argParser(positiveNumber)
        .default(adHocDefaults.timeoutMs / 1_000),
    )
    .addOption(
      new Option(
        "--audit <file>",
        "the audit log (default: mcp-audit.jsonl in the data directory)",
      ).argParser(nonEmpty),
    )
    .addHelpText("after", helpAfter)
    .action(runMcp);
}

const helpAfter = `
It ends when its stdin does, or at Ctrl-C. Use a database role that may read only (--user) wherever more than your own
laptop is behind it: what the role cannot do, nobody can ask for.

Examples, as an assistant's configuration names them:
  {"command": "npx", "args": ["dsql", "mcp", "--data-dir", "/home/me/shop/.dsql"]}
  {"command": "npx", "args": ["dsql", "mcp", "--endpoint", "<id>.dsql.us-east-1.on.aws", "--user", "reader"]}
  {"command": "npx", "args": ["dsql", "mcp", "--allow-writes", "--allow-ddl"]}

The guide is docs/guides/ad-hoc-queries.md.
`;

async function runMcp(options: McpOptions): Promise<void> {
  // Here, not above: no other command should wait until the protocol's library is loaded.
  const { AuditLog, Calls, mcpServer, serveStdio, Target } = await import("../mcp/index.ts");
  const settings: McpSettings = {
    allowWrites: options.allowWrites,
    allowDdl: options.allowDdl,
    rowsMax: options.rowsMax,
    timeoutMs: options.timeout * 1_000,
  };
  const auditFile = path.resolve(
    options.audit ?? path.join(resolveDataDir(options.dataDir), "mcp-audit.jsonl"),
  );
  const audit = await openedAudit(auditFile, () => AuditLog.open(auditFile));
  const target = new Target(options);
  const calls = new Calls({ target, audit, settings });
  // stdout belongs to the protocol: what a person may want to know goes to stderr.
  const handle = serveStdio(() => mcpServer({ calls, settings, version: packageVersion() }), {
    onerror: (error) => process.stderr.write(`dsql mcp: ${error.message}\n`),
  });
  if (process.stdin.isTTY) {
    process.stderr.write(
      "dsql mcp speaks a protocol on stdin and waits for a client; Ctrl-C ends it. See --help.\n",
    );
  }
  await ended();
  await handle.close();
  await target.close();
  await audit.close();
}

async function openedAudit(file: string, open: () => Promise<AuditLog>): Promise<AuditLog> {
  try {
    return await open();
  } catch (cause) {
    throw new Failure(`the audit log ${file} cannot be written`, {
      remedy: "Name another one with --audit.",
      exitCode: exitCodes.usage,
      cause,
    });
  }
}

/** The client has closed the pipe, or somebody wants an end. */
async function ended(): Promise<void> {
  await new Promise<void>((resolve) => {
    process.stdin.once("end", resolve);
    process.stdin.once("close", resolve);
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
}

function packageVersion(): string {
  const manifest = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
