import type { Pattern } from "./match.ts";

/**
 * measured: seen on a real cluster; documented: stated by AWS; unsure: nobody published the exact text, or sources
 * disagree, and this is the most likely one.
 */
export type Mark = "measured" | "documented" | "unsure";

/** In the order of lists. */
export const topics = [
  "transactions",
  "settings",
  "statements",
  "roles",
  "indexes",
  "alter-table",
  "tables",
  "types",
  "functions",
] as const;
export type Topic = (typeof topics)[number];

/** One reason for which DSQL refuses a statement, as far as the statement itself tells it. */
export interface Rule {
  /** Names the rule in tools and tests. Never reused. */
  readonly id: string;
  readonly topic: Topic;
  readonly match: Pattern;
  /**
   * A statement that this rule refuses, and no rule before it. It names nothing but the tables `account (id, owner, balance)`
   * and `transfer (id, account_id)`, so that any server can be asked.
   */
  readonly example: string;
  /** Why the service refuses it, in one sentence, for lists and lints. */
  readonly reason: string;
  /** What to do instead, in a sentence or two. Clients get it as the HINT: the message stays the service's. */
  readonly remedy: string;
  /** 0A000, feature not supported, when missing. */
  readonly sqlstate?: string;
  /** `{name}` stands for the value of a slot. */
  readonly message: string;
  readonly detail?: string;
  /** For each name in the message the path, in the matched node, of what stands there. */
  readonly slots?: Readonly<Record<string, Slot>>;
  readonly source: string;
  readonly mark: Mark;
  /** ISO date of the first day on which the service refuses it; missing: always has. */
  readonly since?: string;
  /** ISO date of the first day on which the service takes it; missing: still refuses. */
  readonly until?: string;
}

export type Slot = string | { readonly path: string; readonly show: "upperCase" | "number" };
