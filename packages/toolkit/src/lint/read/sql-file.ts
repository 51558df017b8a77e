/**
 * A file of SQL: psql's own commands and the data of COPY are blanked, so that every offset stays the file's.
 *
 * Tests: sql-file.test.ts.
 */
import type { SqlSource } from "./source.ts";
import { drizzle, type MigrationTool } from "./migration-tool.ts";

/** COPY … FROM stdin; then lines of data, until one that is `\.` alone. */
const copyData = /^(COPY\b[^;]*\bFROM\s+STDIN\b[^;]*;[^\n]*\n)([\s\S]*?^\\\.$)/gim;
/** A line that begins with a backslash and a letter or a mark: `\connect`, `\i file`, `\!`. */
const psqlCommand = /^\\[a-z!?][^\n]*$/gim;
/** Sends the statement before it: `\g`, `\gexec`, `\gset x`. */
const psqlSend = /\\(g|gx|gexec|gset|gdesc)\b[^\n]*$/gim;

/** @returns the text with blanks for what only psql reads, and for a byte order mark */
export function withoutPsql(text: string): string {
  return text
    .replace(/^\uFEFF/, " ")
    .replace(copyData, (_, statement: string, data: string) => statement + blank(data))
    .replace(psqlCommand, blank)
    .replace(psqlSend, (command) => `;${blank(command.slice(1))}`);
}

const blank = (text: string): string => text.replace(/[^\n]/g, " ");

/** @param tool - whose file it is; decides what shares a transaction */
export function sqlFileSource(text: string, tool: MigrationTool | undefined): SqlSource {
  return {
    text: withoutPsql(text),
    holes: [],
    fileOffset: (offset) => offset,
    written: ({ text }) => text,
    separator: tool === drizzle ? ";\n--> statement-breakpoint\n" : ";\n",
    transactionGroup: tool?.isOneTransaction === true ? "file" : undefined,
    ...(tool !== undefined && { groupReason: tool.reason }),
    ...(tool?.hasLedger === true && { ledgerOf: tool.name }),
    sequence: "file",
    isSurelySql: true,
  };
}

/** `:name`, `:'name'` and `:"name"` of psql and of many drivers, as what may stand in their place. */
export function withoutNamedParameters(text: string): string {
  return text.replace(/(?<![:\w]):(?=['"a-z_])/gi, " ");
}

/** `?` of many drivers; tried only when the text does not parse, since jsonb has an operator of that name. */
export function withoutQuestionMarks(text: string): string {
  return text.replaceAll("?", "0");
}
