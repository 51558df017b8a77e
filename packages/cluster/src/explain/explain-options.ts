/** What the client asks of EXPLAIN, and the statement it asks about. */
import { lex } from "@dsql-local/sql";
import { type Statement } from "../sql/index.ts";

export interface ExplainOptions {
  readonly analyze: boolean;
  readonly verbose: boolean;
  readonly genericPlan: boolean;
  readonly format: string;
  /** Where the statement that is explained starts in the text. */
  readonly queryStart: number;
}

/** @returns undefined when the statement is no EXPLAIN */
export function explainOptions(statement: Statement): ExplainOptions | undefined {
  if (statement.kind !== "read" && statement.kind !== "write") return undefined;
  if (statement.analysis.command !== "explain") return undefined;
  const { options, start } = readPrefix(statement.text);
  return {
    analyze: isOn(options.get("analyze")),
    verbose: isOn(options.get("verbose")),
    genericPlan: isOn(options.get("generic_plan")),
    format: (options.get("format") ?? "text").toLowerCase(),
    queryStart: start,
  };
}

/** PostgreSQL's grammar has accepted the text, so only its three forms come: `(options)`, words, and nothing. */
function readPrefix(text: string): { options: ReadonlyMap<string, string>; start: number } {
  const lexemes = lex(text);
  const word = (at: number): string => {
    const lexeme = lexemes[at];
    if (lexeme === undefined) return "";
    const written = text.slice(lexeme.start, lexeme.end);
    return lexeme.kind === "string" || lexeme.kind === "quotedName"
      ? written.slice(1, -1)
      : written.toLowerCase();
  };
  const options = new Map<string, string>();
  let at = 1;
  if (word(1) === "(" && !startsQuery(word(2))) {
    for (at = 2; word(at) !== ")" && at < lexemes.length;) {
      const name = optionName(word(at));
      const hasValue = word(at + 1) !== "," && word(at + 1) !== ")";
      // The last of several stands, as in PostgreSQL.
      options.set(name, hasValue ? word(at + 1) : "true");
      at += hasValue ? 2 : 1;
      if (word(at) === ",") at += 1;
    }
    at += 1;
  } else {
    for (; ["analyze", "analyse", "verbose"].includes(word(at)); at++)
      options.set(optionName(word(at)), "true");
  }
  return { options, start: lexemes[at]?.start ?? text.length };
}

const optionName = (word: string): string => (word === "analyse" ? "analyze" : word);
const startsQuery = (word: string): boolean => ["(", "select", "with", "values", "table"].includes(word);
const isOn = (value: string | undefined): boolean =>
  value !== undefined && !["false", "off", "0"].includes(value.toLowerCase());
