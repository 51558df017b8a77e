/**
 * Writes `docs/compatibility.md` from what is judged: the facts and the scripts that name them, the rules, the known
 * differences, and what is unknown.
 */
import { type Acceptance, acceptances, type Mark, type Rule, rules, topics } from "@dsql-local/spec";
import { type Area, areas, type Fact, facts } from "../facts/index.ts";
import type { KnownDifference } from "../known-differences.ts";
import { choices } from "./choices.ts";
import { onPurpose } from "./on-purpose.ts";

export interface Judged {
  /** Files of the scripts that name a fact, by its id. */
  readonly judges: ReadonlyMap<string, readonly string[]>;
  readonly differences: readonly KnownDifference[];
}

export function compatibilityPage(judged: Judged): string {
  const parts = [
    head(judged),
    ...areas.map((area) => areaPart(area, judged)),
    rulesPart(),
    differencesPart(judged.differences),
    purposePart(),
    choicesPart(),
    datesPart(),
  ];
  return `${parts.join("\n\n")}\n`;
}

function head({ judges, differences }: Judged): string {
  const measured = facts.filter(({ mark }) => mark === "measured");
  const judgedHere = measured.filter((fact) => judgesOf(fact, judges) !== "");
  return `# Compatibility with Aurora DSQL

<!-- Made from the data in conformance/ and packages/spec. To make it again after a change there:
     UPDATE_DOCS=1 node --test conformance/dist/compatibility/page.test.js -->

How like the service the local cluster is, and how one can tell. Behaviour is written down as scripts and run against the
local cluster with every test run. The same scripts run against a cluster in AWS, and whoever has one can correct us:

\`\`\`sh
npm run conformance -- --endpoint <id>.dsql.<region>.on.aws
\`\`\`

They make schemas of their own and drop them again; \`--help\` says the rest.

| what | how many |
| --- | --- |
| facts measured on a real cluster | ${measured.length} |
| of these, judged with every test run | ${judgedHere.length} |
| known differences | ${differences.length} |
| rules: statements that are refused, each by an example | ${rules.length} |
| statements that are taken, each by an example | ${acceptances.length} |
| points that nobody knows, with what was chosen | ${choices.length} |

**Marks.** measured: seen on a real cluster by the source. documented: stated by AWS. unsure: sources disagree, or nobody
published it. Where measured and documented differ, the cluster follows what was measured.

The scripts are in \`conformance/\`: \`sql/\` and \`isolation/\` (named below), \`rules/\` (the examples of the rules),
\`wire/\` (the protocol), \`known-differences/\`.

## What is the same`;
}

function areaPart(area: Area, { judges, differences }: Judged): string {
  const open = new Set(differences.flatMap(({ facts: ids }) => ids));
  const rows = facts
    .filter((fact) => fact.area === area)
    .map((fact) => [
      fact.says,
      open.has(fact.id) ? "**differs**, see below" : fact.mark,
      judgesOf(fact, judges) || `not judged: ${fact.unjudged ?? "documented only"}`,
      link(fact.source),
    ]);
  return `### ${area}\n\n${table(["the service", "mark", "judged by", "source"], rows)}`;
}

/** @returns the scripts, checks or tests; empty when there are none */
function judgesOf({ id, checks = [], testedBy }: Fact, judges: Judged["judges"]): string {
  const scripts = (judges.get(id) ?? []).map((file) => file.replace(/\.script$/, ""));
  const tests = testedBy === undefined ? [] : [testedBy];
  return [...scripts, ...checks.map((check) => check.replace(/: $/, "")), ...tests].map(code).join(", ");
}

function rulesPart(): string {
  const count = (rows: readonly (Rule | Acceptance)[], mark: Mark): string =>
    String(rows.filter((row) => row.mark === mark).length);
  const rows = topics.map((topic) => {
    const refused = rules.filter((rule) => rule.topic === topic);
    const taken = acceptances.filter((acceptance) => acceptance.topic === topic);
    return [
      topic,
      count(refused, "measured"),
      count(refused, "documented"),
      count(refused, "unsure"),
      String(taken.length),
    ];
  });
  return `### Single statements

Each rule has an example; the conformance run sends all of them and compares SQLSTATE and text. \`dsql rules\` lists them with
reason and remedy, [errors.md](errors.md#refusals) with their texts.

${table(["topic", "refused: measured", "documented", "unsure text", "taken"], rows)}`;
}

function differencesPart(differences: readonly KnownDifference[]): string {
  const rows = differences.map(({ file, service, here, reason }) => [
    code(file.replace(/^known-differences\/|\.script$/g, "")),
    service,
    here,
    reason,
  ]);
  return `## What differs

### Known differences

Each has a script in \`conformance/known-differences/\` that says what the service does, and that fails here. When it passes, the
test run says so: the script then moves to its suite.

${table(["script", "Aurora DSQL", "here", "why"], rows)}`;
}

function purposePart(): string {
  const rows = onPurpose.map(({ service, here, why }) => [service, here, why]);
  return `### On purpose\n\n${table(["Aurora DSQL", "here", "why"], rows)}`;
}

function choicesPart(): string {
  const rows = choices.map(({ point, known, here }) => [point, known, here]);
  return `## What is unknown

Behaviour that AWS has not published, or on which measurements disagree. A run against a real cluster settles it.

${table(["point", "what is known", "here"], rows)}`;
}

/** What a rule refused until a day, and what is taken since. */
function datesPart(): string {
  const taken = new Map<string, string[]>();
  const add = (day: string, id: string): void => {
    taken.set(day, [...(taken.get(day) ?? []), id]);
  };
  for (const { id, until } of rules) if (until !== undefined) add(until, id);
  for (const { id, since } of acceptances) {
    if (since !== undefined && !taken.get(since)?.includes(id)) add(since, id);
  }
  const rows = [...taken]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([day, ids]) => [day, ids.map(code).join(", ")]);
  return `## What changed when

The service changes monthly. \`dsql start --rules 2025-11\` and \`dsql rules --as-of 2025-11\` take it as of a date. From the day
on, the service takes what the rule of that name refused before:

${table(["since", "rules and acceptances"], rows)}`;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("\n", " ").replaceAll("|", "\\|")).join(" | ")} |`;
  const body = [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
  // The formatter would pad every cell to the widest of its column.
  return `<!-- prettier-ignore-start -->\n${body}\n<!-- prettier-ignore-end -->`;
}

const code = (text: string): string => `\`${text}\``;
const link = (source: string): string => (source.startsWith("http") ? `[source](${source})` : source);
