import process from "node:process";
import {
  type Acceptance,
  acceptances,
  type ContextRule,
  contextRules,
  holdsAsOf,
  type Rule,
  rules,
  type Topic,
  topics,
} from "@dsql-local/spec";
import { Command, Option } from "commander";
import { ruleDate } from "../service-options.ts";
import { type Painter, painter } from "../terminal.ts";

interface RulesOptions {
  readonly asOf: string;
  readonly topic?: Topic;
  readonly json: boolean;
}

export function rulesCommand(): Command {
  return new Command("rules")
    .description(
      "Lists what Aurora DSQL refuses as of a date: an example, SQLSTATE and text, why, what to do instead, and how sure\n" +
        "that is. `dsql start --rules <date>` behaves by the same list.",
    )
    .addOption(
      new Option("--as-of <date>", "a month (2025-11), a day (2026-06-08) or latest")
        .argParser(ruleDate)
        .default("latest"),
    )
    .addOption(new Option("--topic <topic>", "only these").choices(topics))
    .option("--json", "print one JSON object with the fields of every row, acceptances too", false)
    .addHelpText(
      "after",
      `
Marks: measured, seen on a real cluster; documented, stated by AWS; unsure, nobody published the exact text.

Examples:
  $ npx dsql rules --topic indexes
  $ npx dsql rules --as-of 2025-11 --topic alter-table
  $ npx dsql rules --json | jq '.refused[] | select(.mark == "unsure") | .id'
`,
    )
    .action(printRules);
}

function printRules({ asOf, topic, json }: RulesOptions): void {
  const holds = holdsAsOf(asOf);
  const isAsked = (row: Rule | ContextRule | Acceptance): boolean =>
    holds(row) && (topic === undefined || row.topic === topic);
  const refused = rules.filter(isAsked);
  const inContext = contextRules.filter(isAsked);
  const accepted = acceptances.filter(isAsked);
  if (json) {
    process.stdout.write(`${JSON.stringify({ asOf, refused: refused.map(asJson), inContext, accepted })}\n`);
    return;
  }
  const paint = painter(process.stdout);
  for (const each of topics) {
    const ofTopic = [...inContext, ...refused].filter((rule) => rule.topic === each);
    if (ofTopic.length === 0) continue;
    process.stdout.write(
      `${paint.bold(each)}\n\n${ofTopic.map((rule) => text(rule, paint)).join("\n\n")}\n\n`,
    );
  }
  process.stdout.write(
    `${inContext.length + refused.length} rules${asOf === "latest" ? "" : ` as of ${asOf}`}.\n`,
  );
}

/** JSON has no regular expressions: their text stands in. */
function asJson({ sqlstate = "0A000", ...rule }: Rule): object {
  const match: unknown = JSON.parse(
    JSON.stringify(rule.match, (_, value: unknown) => (value instanceof RegExp ? value.source : value)),
  );
  return { ...rule, sqlstate, match };
}

function text(rule: Rule | ContextRule, paint: Painter): string {
  const until = rule.until === undefined ? "" : `, until ${rule.until}`;
  return [
    `  ${paint.cyan(rule.id)}  ${paint.dim(`${rule.mark}${until}, ${rule.source}`)}`,
    `    ${"when" in rule ? rule.when : shortened(rule.example)}`,
    `    ${paint.red(rule.sqlstate ?? "0A000")} ${rule.message}`,
    `    ${rule.reason}`,
    `    ${paint.green(rule.remedy)}`,
  ].join("\n");
}

/** The example of a table that is too wide is just that. */
const exampleLengthMax = 110;

const shortened = (example: string): string =>
  example.length <= exampleLengthMax ? example : `${example.slice(0, exampleLengthMax)}…`;
