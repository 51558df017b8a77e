/**
 * The commands of `dsql`, each with its options, its help and its action in a file of its own.
 *
 * That file is loaded only when its command is asked for: `dsql env` runs at the start of every shell, and must not wait
 * for the linter's parser or the cluster. What `dsql --help` shows of a command stands here.
 */
import type { Command } from "commander";

export interface CommandEntry {
  readonly name: string;
  /** What `dsql --help` says of it. */
  readonly summary: string;
  /** With its options, its help and its action. */
  readonly load: () => Promise<Command>;
}

/** In the order of `dsql --help`. */
export const commandEntries: readonly CommandEntry[] = [
  {
    name: "start",
    summary: "start the local Aurora DSQL and AWS endpoint, and stay",
    load: async () => (await import("./start.ts")).startCommand(),
  },
  {
    name: "exec",
    summary: "run a command with a stack, and everything of dsql env set",
    load: async () => (await import("./exec.ts")).execCommand(),
  },
  {
    name: "wait",
    summary: "wait until the stack is ready",
    load: async () => (await import("./wait.ts")).waitCommand(),
  },
  {
    name: "env",
    summary: "print what a shell needs to use the local stack",
    load: async () => (await import("./env.ts")).envCommand(),
  },
  {
    name: "hosts",
    summary: "print the hosts file's line for the clusters, write it or take it out",
    load: async () => (await import("./hosts.ts")).hostsCommand(),
  },
  {
    name: "token",
    summary: "print an IAM authentication token, the password of a connection",
    load: async () => (await import("./token.ts")).tokenCommand(),
  },
  {
    name: "sql",
    summary: "run SQL and print the result",
    load: async () => (await import("./sql.ts")).sqlCommand(),
  },
  {
    name: "status",
    summary: "say whether a stack runs, and where",
    load: async () => (await import("./status.ts")).statusCommand(),
  },
  {
    name: "stop",
    summary: "stop the stack that runs on the data directory",
    load: async () => (await import("./stop.ts")).stopCommand(),
  },
  {
    name: "reset",
    summary: "begin anew: remove the data directory's clusters, cloud and keys",
    load: async () => (await import("./reset.ts")).resetCommand(),
  },
  {
    name: "snapshot",
    summary: "keep the data under a name, and go back to them",
    load: async () => (await import("./snapshot.ts")).snapshotCommand(),
  },
  {
    name: "invoke",
    summary: "invoke a Lambda function and print what it returns",
    load: async () => (await import("./invoke.ts")).invokeCommand(),
  },
  {
    name: "logs",
    summary: "show what Lambda functions wrote to their logs",
    load: async () => (await import("./logs.ts")).logsCommand(),
  },
  {
    name: "helper",
    summary: "test the tutorial's chapters against the deployed function",
    load: async () => (await import("../helper.ts")).helperProgram(),
  },
  {
    name: "conflicts",
    summary: "show which transactions have lost, on which row and to whom",
    load: async () => (await import("./conflicts.ts")).conflictsCommand(),
  },
  {
    name: "top",
    summary: "show live what goes on: transactions, conflicts, statements",
    load: async () => (await import("./top.ts")).topCommand(),
  },
  {
    name: "fault",
    summary: "make happen what an application must survive",
    load: async () => (await import("./fault.ts")).faultCommand(),
  },
  {
    name: "console",
    summary: "open the page that shows what goes on in the stack",
    load: async () => (await import("./console.ts")).consoleCommand(),
  },
  {
    name: "cluster",
    summary: "list, create and delete the stack's clusters",
    load: async () => (await import("./cluster.ts")).clusterCommand(),
  },
  {
    name: "rules",
    summary: "list what Aurora DSQL refuses, and what to do instead",
    load: async () => (await import("./rules.ts")).rulesCommand(),
  },
  {
    name: "doctor",
    summary: "find out why a connection fails, and what to change",
    load: async () => (await import("./doctor.ts")).doctorCommand(),
  },
  {
    name: "mcp",
    summary: "give an assistant the cluster, by the Model Context Protocol",
    load: async () => (await import("./mcp.ts")).mcpCommand(),
  },
  {
    name: "lint",
    summary: "find what Aurora DSQL refuses, and what will hurt, in SQL and programs",
    load: async () => (await import("./lint.ts")).lintCommand(),
  },
  {
    name: "load",
    summary: "load a file of rows into a table",
    load: async () => (await import("./load.ts")).loadCommand(),
  },
  {
    name: "export",
    summary: "write a cluster's schema, roles, grants and rows into a folder or a file",
    load: async () => (await import("./export.ts")).exportCommand(),
  },
  {
    name: "import",
    summary: "bring what dsql export has written into a cluster",
    load: async () => (await import("./import.ts")).importCommand(),
  },
  {
    name: "migrate",
    summary: "change the schema by a folder of SQL files",
    load: async () => (await import("./migrate.ts")).migrateCommand(),
  },
];
