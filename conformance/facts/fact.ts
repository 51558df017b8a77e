/** What a fact is, and how it is written. */
import type { Mark } from "@dsql-local/spec";

/** In the order of the compatibility page. */
export const areas = [
  "Connections and tokens",
  "Identity and settings",
  "Transactions",
  "Conflicts",
  "Limits",
  "Tables and constraints",
  "Indexes",
  "Jobs",
  "Sequences and identity columns",
  "Other statements",
  "Types, functions and text",
  "Roles",
  "Catalogs",
  "Plans",
] as const;
export type Area = (typeof areas)[number];

export interface Fact {
  /** Scripts name it in a `# Facts:` line. Never reused. */
  readonly id: string;
  readonly area: Area;
  /** What the service does, in one sentence. */
  readonly says: string;
  readonly mark: Mark;
  readonly source: string;
  /** For what is judged by code and not by a script: names of checks of the wire suite. */
  readonly checks?: readonly string[];
  /** A test elsewhere in this repository, for what a conformance run cannot wait for or arrange on a cluster of others. */
  readonly testedBy?: string;
  /** Why nothing judges it. */
  readonly unjudged?: string;
}

export type More = Partial<Pick<Fact, "mark" | "checks" | "testedBy" | "unjudged">>;

/** @returns how the facts of an area are written: id, sentence, source; measured unless it says otherwise */
export const factsOf =
  (area: Area) =>
  (id: string, says: string, source: string, more: More = {}): Fact => ({
    id,
    area,
    says,
    mark: "measured",
    source,
    ...more,
  });
