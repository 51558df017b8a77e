import process from "node:process";
import { text } from "node:stream/consumers";
import { splitStatements } from "@dsql-local/sql";
import { ConnectError, type DsqlPoolOptions, UsageError } from "dsql-toolkit";
import { Command } from "commander";
import type pg from "pg";
import { exitCodes, Failure } from "../failure.ts";
import { withoutControl } from "../terminal.ts";
import { targetOptions, type TargetOptions, targetPoolOptions, withConnection } from "../stack/index.ts";
import {
  errorAsJson,
  formatError,
  formatResult,
  isServerError,
  resultAsJson,
  type StatementResult,
} from "../sql/index.ts";

interface SqlOptions extends TargetOptions {
  readonly json: boolean;
}

export function sqlCommand(): Command {
  const command = new Command("sql")
    .description(
      "Runs SQL on the local stack or in AWS and prints the results the way psql does. Statements are sent one by one, so\n" +
        "each is a transaction of its own unless the script says BEGIN. The first error ends the script.",
    )
    .argument("<sql>", "one or more statements, or - to read them from stdin");
  for (const option of targetOptions()) command.addOption(option);
  return command
    .option("--json", "print one JSON object per statement", false)
    .addHelpText(
      "after",
      `
Examples:
  $ npx dsql sql "SELECT * FROM sys.jobs"
  $ npx dsql sql "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)"
  $ npx dsql sql - < schema.sql
  $ npx dsql sql --cluster us-west-2 "SELECT count(*) FROM t"
  $ npx dsql sql --json "SELECT count(*) FROM t" | jq '.rows[0].count'
  $ CLUSTER_ENDPOINT=<id>.dsql.us-east-1.on.aws AWS_PROFILE=dev npx dsql sql --user app "SELECT 1"

--data-dir or --cluster on the command line means the local stack, also where CLUSTER_ENDPOINT is set.

Exit codes: 0 every statement succeeded; 1 one failed, or no connection, or no local stack runs; 2 wrong usage.
`,
    )
    .action(runSql);
}

async function runSql(sql: string, options: SqlOptions, command: Command): Promise<void> {
  const script = sql === "-" ? await text(process.stdin) : sql;
  const statements = splitStatements(script).map(({ text: statement }) => statement);
  if (statements.length === 0) {
    throw new Failure("there is no statement to run", { exitCode: exitCodes.usage });
  }
  const isDataDirSaid = command.getOptionValueSource("dataDir") === "cli";
  const pool = await targetPoolOptions({ ...options, isDataDirSaid });
  const succeeded = await withConnection(pool, (client) => runScript(client, statements, options)).catch(
    (error: unknown) => {
      throw explained(error, pool);
    },
  );
  if (!succeeded) process.exitCode = exitCodes.failed;
}

/** @returns the error with what to do, where more is known than the pool can know */
function explained(error: unknown, { address, user }: DsqlPoolOptions): unknown {
  if (error instanceof UsageError) {
    return new Failure(error.message, { exitCode: exitCodes.usage, cause: error });
  }
  const isRefused = error instanceof ConnectError && error.step === "access";
  // The key of the local account may do everything, so there it is the role that is missing, or its mapping.
  return isRefused && address !== undefined
    ? refusal(error, user ?? process.env["CLUSTER_USER"] ?? "admin")
    : error;
}

function refusal(error: ConnectError, user: string): Failure {
  return new Failure(error.message, {
    remedy: `"${user}" needs, from admin: CREATE ROLE ${user} WITH LOGIN; AWS IAM GRANT ${user} TO '<your ARN>';`,
    cause: error,
  });
}

/** @returns whether all statements succeeded; the first that does not ends the script */
async function runScript(
  client: pg.ClientBase,
  statements: readonly string[],
  options: SqlOptions,
): Promise<boolean> {
  client.on("notice", (notice) =>
    process.stderr.write(`${withoutControl(`NOTICE:  ${notice.message ?? ""}`)}\n`),
  );
  for (const statement of statements) {
    if (!(await runStatement(client, statement, options))) return false;
  }
  return true;
}

/** @returns whether the statement succeeded; either way what the server said has been printed */
async function runStatement(client: pg.ClientBase, statement: string, options: SqlOptions): Promise<boolean> {
  try {
    const result = await execute(client, statement);
    process.stdout.write(`${options.json ? resultAsJson(result) : formatResult(result)}\n`);
    return true;
  } catch (error) {
    if (!isServerError(error)) throw error;
    process.stderr.write(`${options.json ? errorAsJson(error, statement) : formatError(error, statement)}\n`);
    return false;
  }
}

/** The driver keeps only the first word of a command tag; the connection beneath hands over all of it. */
async function execute(client: pg.ClientBase, statement: string): Promise<StatementResult> {
  let tag = "";
  const { connection } = client as unknown as { connection: NodeJS.EventEmitter };
  const keepTag = (message: { text: string }): void => {
    tag = message.text;
  };
  connection.on("commandComplete", keepTag);
  try {
    const result = await client.query<(string | null)[]>({
      text: statement,
      rowMode: "array",
      // Values stay as the server wrote them; psql shows them so.
      types: { getTypeParser: () => (value: string) => value },
    });
    return { tag, fields: result.fields, rows: result.rows };
  } finally {
    connection.off("commandComplete", keepTag);
  }
}
