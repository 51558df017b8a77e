/**
 * An isolation script: sessions with named steps, the orders in which the steps run, and what is expected.
 *
 * ```
 * # Lost update: two sessions overwrite one balance from the same snapshot. The later COMMIT must fail.
 * # Source: …
 * setup      CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL)
 * A.write    BEGIN; UPDATE account SET balance = 60 WHERE id = 1
 * A.commit   COMMIT
 * …
 * order      A.write B.write A.commit B.commit
 * expect     B.commit fails 40001 OC000
 * expect     SELECT balance FROM account WHERE id = 1 gives 60
 * ```
 *
 * - `order all` stands for every interleaving that keeps each session's own order.
 * - Expectations belong to the `order` lines right above them. An `expect` above the first `order` belongs to all.
 * - `… when A.write B.commit` limits an expectation to the orders in which these steps follow each other so; several
 *   such lists are joined by `or`.
 * - A step that is not expected to fail must succeed, and a COMMIT must answer COMMIT.
 */
import {
  readLines,
  readRows,
  type Row,
  ScriptError,
  type ScriptLine,
  splitStatements,
} from "../script/lines.ts";
import { interleavings, interleavingsMax } from "./interleavings.ts";

export interface Step {
  /** `A.write` */
  readonly name: string;
  /** `A` */
  readonly session: string;
  readonly statements: readonly string[];
}

/** Step names in the order in which they run. */
export type Order = readonly string[];

export type Claim =
  | { readonly kind: "fails"; readonly sqlstate: string; readonly occ?: string }
  | { readonly kind: "succeeds" }
  | { readonly kind: "answers"; readonly tag: string }
  | { readonly kind: "gives"; readonly rows: readonly Row[] };

export interface Expectation {
  /** A step's name, or a SELECT that runs when all steps are done. */
  readonly subject: { readonly step: string } | { readonly finalSelect: string };
  readonly claim: Claim;
  /** Holds only for orders in which one of these lists of steps occurs in its order; absent: for all. */
  readonly when?: readonly Order[];
  readonly line: number;
}

export interface Case {
  readonly order: Order;
  readonly expectations: readonly Expectation[];
}

export interface IsolationScript {
  readonly file: string;
  readonly description: string;
  readonly facts: readonly string[];
  readonly setup: readonly string[];
  readonly steps: ReadonlyMap<string, Step>;
  readonly cases: readonly Case[];
}

const stepName = /^[A-Z][A-Za-z0-9]*\.[a-z][A-Za-z0-9]*$/;

/** @throws {ScriptError} naming file and line */
export function parseIsolationScript(file: string, text: string): IsolationScript {
  const { description, facts, lines } = readLines(file, text);
  const setup: string[] = [];
  const steps = new Map<string, Step>();
  for (const { number, keyword, rest } of lines) {
    if (keyword === "setup") setup.push(...splitStatements(rest));
    else if (stepName.test(keyword)) addStep(file, number, steps, keyword, rest);
    else if (keyword !== "order" && keyword !== "expect") {
      throw new ScriptError(
        file,
        number,
        `"${keyword}" is neither setup, order, expect nor a step such as A.write`,
      );
    }
  }
  return { file, description, facts, setup, steps, cases: readCases(file, lines, steps) };
}

function addStep(file: string, number: number, steps: Map<string, Step>, name: string, sql: string): void {
  if (steps.has(name)) throw new ScriptError(file, number, `the step ${name} is there already`);
  const statements = splitStatements(sql);
  if (statements.length === 0) throw new ScriptError(file, number, `the step ${name} has no statement`);
  steps.set(name, { name, session: name.slice(0, name.indexOf(".")), statements });
}

function readCases(file: string, lines: readonly ScriptLine[], steps: ReadonlyMap<string, Step>): Case[] {
  const common: Expectation[] = [];
  const groups: { orders: Order[]; expectations: Expectation[] }[] = [];
  let mayAddOrder = false;
  for (const line of lines) {
    const group = groups.at(-1);
    if (line.keyword === "order") {
      const orders = readOrders(file, line, steps);
      if (group !== undefined && mayAddOrder) group.orders.push(...orders);
      else groups.push({ orders, expectations: [] });
      mayAddOrder = true;
    } else if (line.keyword === "expect") {
      (group?.expectations ?? common).push(readExpectation(file, line, steps));
      mayAddOrder = false;
    }
  }
  if (groups.length === 0) throw new ScriptError(file, lines.at(-1)?.number ?? 1, "the script has no order");
  return groups.flatMap(({ orders, expectations }) =>
    orders.map((order) => ({
      order,
      expectations: [...common, ...expectations].filter((expectation) => appliesTo(expectation, order)),
    })),
  );
}

const appliesTo = ({ when }: Expectation, order: Order): boolean =>
  when === undefined || when.some((wanted) => isSubsequence(wanted, order));

function isSubsequence(wanted: Order, order: Order): boolean {
  let found = 0;
  for (const name of order) if (name === wanted[found]) found += 1;
  return found === wanted.length;
}

function readOrders(file: string, line: ScriptLine, steps: ReadonlyMap<string, Step>): Order[] {
  const sessions = bySession(steps);
  if (line.rest === "all") {
    const orders = interleavings(sessions);
    if (orders === undefined) {
      throw new ScriptError(
        file,
        line.number,
        `there are more than ${interleavingsMax} interleavings; list some`,
      );
    }
    return orders;
  }
  const order = line.rest.split(/\s+/);
  const missing = [...steps.keys()].filter((name) => !order.includes(name));
  if (missing.length > 0)
    throw new ScriptError(file, line.number, `the order leaves out ${missing.join(", ")}`);
  if (order.length !== steps.size)
    throw new ScriptError(file, line.number, "the order names a step twice or an unknown one");
  if (!sessions.every((own) => isSubsequence(own, order))) {
    throw new ScriptError(file, line.number, "the order changes the order within a session");
  }
  return [order];
}

function bySession(steps: ReadonlyMap<string, Step>): string[][] {
  const sessions = new Map<string, string[]>();
  for (const { name, session } of steps.values()) {
    sessions.set(session, [...(sessions.get(session) ?? []), name]);
  }
  return [...sessions.values()];
}

const whenPart =
  /\s+when\s+(?<lists>[A-Z][A-Za-z0-9]*\.[a-z][A-Za-z0-9]*(?:\s+(?:or|[A-Z][A-Za-z0-9]*\.[a-z][A-Za-z0-9]*))*)$/;

function readExpectation(file: string, line: ScriptLine, steps: ReadonlyMap<string, Step>): Expectation {
  const lists = whenPart.exec(line.rest)?.groups?.["lists"];
  const when = lists?.split(/\s+or\s+/).map((list) => list.split(/\s+/));
  for (const name of when?.flat() ?? []) requireStep(file, line, steps, name);
  const claimText = line.rest.replace(whenPart, "");
  const [first = ""] = claimText.split(/\s/, 1);
  const isStep = stepName.test(first);
  if (isStep) requireStep(file, line, steps, first);
  const split = isStep
    ? { subject: first, claim: claimText.slice(first.length).trim() }
    : splitAtGives(claimText);
  if (split === undefined)
    throw new ScriptError(file, line.number, 'expected "<step> …" or "SELECT … gives …"');
  return {
    subject: isStep ? { step: first } : { finalSelect: split.subject },
    claim: readClaim(file, line, split.claim),
    line: line.number,
    ...(when === undefined ? {} : { when }),
  };
}

function requireStep(file: string, line: ScriptLine, steps: ReadonlyMap<string, Step>, name: string): void {
  if (!steps.has(name)) throw new ScriptError(file, line.number, `there is no step ${name}`);
}

function splitAtGives(text: string): { subject: string; claim: string } | undefined {
  const at = text.lastIndexOf(" gives ");
  return at === -1 ? undefined : { subject: text.slice(0, at).trim(), claim: text.slice(at + 1) };
}

function readClaim(file: string, line: ScriptLine, text: string): Claim {
  const fails = /^fails (?<sqlstate>[0-9A-Z]{5})(?: (?<occ>OC00[01]))?$/.exec(text)?.groups;
  if (fails?.["sqlstate"] !== undefined) {
    return {
      kind: "fails",
      sqlstate: fails["sqlstate"],
      ...(fails["occ"] === undefined ? {} : { occ: fails["occ"] }),
    };
  }
  if (text === "succeeds") return { kind: "succeeds" };
  if (text.startsWith("answers ")) return { kind: "answers", tag: text.slice("answers ".length).trim() };
  if (text.startsWith("gives ")) return { kind: "gives", rows: readRows(text.slice("gives ".length)) };
  throw new ScriptError(file, line.number, `"${text}" is neither fails, succeeds, answers nor gives`);
}
