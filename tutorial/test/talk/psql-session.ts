/** The database session of the talk: psql in a terminal that stays open, or `dsql sql` on a machine without psql. */
import { spawnSync } from "node:child_process";
import type { CommandResult, Terminal } from "./terminal.ts";

export function isInstalled(program: string): boolean {
  return spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0;
}

export interface DatabaseSession {
  run(statements: string): Promise<CommandResult>;
}

/** @param terminal - one of its own, in the folder of the stack */
export async function openSession(terminal: Terminal, commands: string): Promise<DatabaseSession> {
  if (!isInstalled("psql")) return withoutPsql(terminal);
  const lines = commands.split("\n");
  const psql = lines.pop() ?? "";
  const prepared = await terminal.run(lines.join("\n"));
  if (prepared.code !== 0) throw new Error(prepared.output);
  const opened = await terminal.openPsql(psql);
  if (/error|fatal/i.test(opened.output)) throw new Error(opened.output);
  return { run: (block) => runEach(block, async (one) => withCode(await terminal.typeIntoPsql(one))) };
}

/**
 * One statement after the other, up to the first that fails. A change of the schema that ends meanwhile, such as an index
 * that becomes ready, costs a statement an attempt; the text tells the reader to run it again.
 */
async function runEach(
  block: string,
  run: (statement: string) => Promise<CommandResult>,
): Promise<CommandResult> {
  const outputs: string[] = [];
  // The statements of the text end at the end of a line; what begins with a backslash is a line of its own.
  for (const statement of block.split(/(?<=;)\n|(?<=^\\.*)\n/m)) {
    let result = await run(statement);
    for (let again = 1; again < attemptsMax && result.output.includes("(OC001)"); again++) {
      result = await run(statement);
    }
    outputs.push(result.output);
    if (result.code !== 0) return { output: outputs.join("\n"), code: result.code };
  }
  return { output: outputs.join("\n"), code: 0 };
}

const attemptsMax = 5;

/** Each block is a session of its own then: what psql alone understands is left out. */
function withoutPsql(terminal: Terminal): DatabaseSession {
  return {
    run: (block) =>
      runEach(block, async (statements) => {
        const sql = statements.replace(/^\\.*$/gm, "").trim();
        if (sql === "") return { output: "", code: 0 };
        return await terminal.run(`npx dsql sql "$(cat <<'END-OF-SQL'\n${sql}\nEND-OF-SQL\n)"`);
      }),
  };
}

/** psql goes on after an error. */
function withCode(result: CommandResult): CommandResult {
  return { ...result, code: /^(ERROR|FATAL):|^psql:.*(ERROR|FATAL):/m.test(result.output) ? 3 : 0 };
}
