import type { Command } from "commander";
import { dsqlProgram } from "../../src/dsql.ts";
import { mentionsOf } from "./pages.ts";

const { commands } = await dsqlProgram("all");

/** @returns of the commands and options that a text names, those that `dsql` does not have */
export function unknownMentions(code: string): string[] {
  return mentionsOf(code).flatMap(({ command, options }) => {
    const found = commands.find((candidate) => candidate.name() === command);
    if (!found) return [`dsql ${command}`];
    const known = longOptions(found);
    return options.filter((option) => !known.has(option)).map((option) => `dsql ${command} ${option}`);
  });
}

/** Those of its own commands too: `dsql cluster create --tag`. */
function longOptions(command: Command): Set<string> {
  const own = command.options.flatMap(({ long }) => long ?? []);
  return new Set(["--help", ...own, ...command.commands.flatMap((child) => [...longOptions(child)])]);
}
