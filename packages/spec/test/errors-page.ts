/**
 * Reads and renders `docs/errors.md`: an entry for each error of the catalogue, written by hand, and tables of the refusals
 * and the limits, rendered from their data.
 */
import { type ErrorFact, errors, limits, type Limit, type Rule, rules } from "@dsql-local/spec";

export interface Entry {
  readonly sqlstate: string;
  readonly message: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
  readonly source: string;
}

/** The catalogue; variable parts of a text are shown as `<name>`. */
export function catalogue(): ReadonlyMap<string, Entry> {
  const facts = Object.entries(errors) as [string, ErrorFact | ((...values: string[]) => ErrorFact)][];
  return new Map(
    facts.map(([name, fact]) => [name, entryOf(typeof fact === "function" ? sample(fact) : fact)]),
  );
}

const entryOf = ({ sqlstate, message, detail, hint, source }: ErrorFact): Entry => {
  return { sqlstate, message, detail, hint, source };
};

/** Called with the names of its own parameters. */
function sample(fact: (...values: string[]) => ErrorFact): ErrorFact {
  const parameters = /^\(?([\w\s,]*)\)?\s*=>/.exec(fact.toString())?.[1] ?? "";
  return fact(...parameters.split(",").map((name) => `<${name.trim()}>`));
}

/** @returns the hand-written entries of the page, by the name in their heading */
export function entriesOf(page: string): ReadonlyMap<string, Entry> {
  const sections = page.split(/^### /m).slice(1);
  return new Map(
    sections.map((section) => {
      const name = /^`(\w+)`/.exec(section)?.[1] ?? section.slice(0, 40);
      const field = (label: string): string | undefined =>
        new RegExp(`^- ${label}: (.*)$`, "m").exec(section)?.[1]?.replaceAll("`", "");
      return [
        name,
        {
          sqlstate: field("SQLSTATE") ?? "",
          message: field("Text") ?? "",
          detail: field("Detail"),
          hint: field("Hint"),
          source: field("Source")?.replace(/^<(.*)>$/, "$1") ?? "",
        },
      ];
    }),
  );
}

/** What every entry says in its own words. */
export const wordsOf = (page: string, name: string): { readonly when: string; readonly toDo: string } => {
  const section = page.split(/^### /m).find((text) => text.startsWith(`\`${name}\``)) ?? "";
  return {
    when: /^- When: (.+)$/m.exec(section)?.[1] ?? "",
    toDo: /^- What to do: (.+)$/m.exec(section)?.[1] ?? "",
  };
};

/** Between these, which also keep the formatter from padding the tables to their widest cells. */
const marker = { start: "<!-- prettier-ignore-start -->", end: "<!-- prettier-ignore-end -->" };

/** @returns the page with its tables as the data says */
export function withTables(page: string): string {
  const [before = "", rest = ""] = page.split(marker.start);
  const [, after = ""] = rest.split(marker.end);
  return `${before}${marker.start}\n\n${refusalTable()}\n${limitTable()}\n${marker.end}${after}`;
}

function refusalTable(): string {
  const rows = rules.map((rule) => {
    const cells = [
      `\`${rule.id}\``,
      rule.sqlstate ?? "0A000",
      code(rule.message),
      dates(rule),
      rule.mark,
      link(rule.source),
    ];
    return `| ${cells.join(" | ")} |`;
  });
  return [
    "## Refusals",
    "",
    "What a statement's own text decides. `{name}` is a part of the statement. Held by `packages/spec/src/rules`.",
    "",
    "| rule | SQLSTATE | text | refused | mark | source |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

function limitTable(): string {
  const rows = (Object.entries(limits) as [string, Limit][]).map(([name, limit]) => {
    const documented = limit.documented === undefined ? "" : ` (documented: ${limit.documented})`;
    const message = limit.message === undefined ? "" : code(limit.message);
    const cells = [
      `\`${name}\``,
      `${limit.value} ${limit.unit}${documented}`,
      limit.sqlstate ?? "",
      message,
      link(limit.source),
    ];
    return `| ${cells.join(" | ")} |`;
  });
  return [
    "## Limits",
    "",
    "Held by `packages/spec/src/limits.ts`.",
    "",
    "| limit | value | SQLSTATE | text | source |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

const code = (text: string): string => `\`${text.replaceAll("|", "\\|")}\``;
const link = (source: string): string => `[source](${source.replace(/ .*$/, "")})`;

function dates({ since, until }: Rule): string {
  if (since === undefined && until === undefined) return "always";
  return [since && `from ${since}`, until && `until ${until}`].filter(Boolean).join(" ");
}
