/**
 * The story of a transaction that has lost: on what, to whom, and what it had written. Gathered only where somebody listens.
 */
import type { Actor, Commit, Loss } from "../../base/index.ts";
import type { Statement } from "../../sql/index.ts";
import type { ErrorFieldMap } from "../../wire/index.ts";
import type { Settings } from "../../backend/index.ts";
import type { Execution } from "../exchange/execution.ts";
import type { Footprint } from "../footprint.ts";
import type { Hold } from "../hold.ts";
import type { TransactionServices } from "../services.ts";
import { type LostOn, lostOn } from "./lost-rows.ts";
import { keptText } from "../history/recent-commits.ts";

/** Where a snapshot stands among the commits that are remembered. */
export interface Since {
  readonly sequence: number;
  readonly atMs: number;
}

export interface Lost {
  readonly on: LostOn | undefined;
  readonly statement: string | undefined;
}

/** Statements told of one loser: its last ones. */
const statementsMax = 20;
/** Statements of a parked transaction that are asked for the row that could not be written again. */
const askedMax = 8;
/** Commits told of one loss: the first ones. */
const commitsMax = 20;

/**
 * @param context.met - the statement that PostgreSQL has refused; undefined where that was one of the redo log
 */
export async function lookBack(
  services: TransactionServices,
  hold: Hold,
  context: {
    readonly met: { readonly execution: Execution; readonly refused: ErrorFieldMap | undefined } | undefined;
    readonly searchPath: readonly string[];
  },
): Promise<Lost> {
  const { met, searchPath } = context;
  const asked =
    met === undefined
      ? hold.redo.entries.slice(-askedMax).map(({ execution }) => ({ execution, refused: undefined }))
      : [met];
  let relationOnly: Lost | undefined;
  for (const { execution, refused } of asked) {
    // Nothing depends on it, and what has gone wrong here is heard again by what does.
    const on = await lostOn(services, hold, execution, { searchPath, refused }).catch(() => undefined);
    if (on === undefined) continue;
    const lost = { on, statement: keptText(execution.statement.text) };
    if (on.rows !== undefined) return lost;
    if (met !== undefined) relationOnly = lost;
  }
  return relationOnly ?? { on: undefined, statement: met && keptText(met.execution.statement.text) };
}

export function storyOf(
  { commits, clock }: Pick<TransactionServices, "commits" | "clock">,
  of: {
    readonly occ: Loss["occ"];
    readonly since: Since;
    readonly lost: Lost | undefined;
    readonly footprint: Footprint;
    /** What stands in the redo log. */
    readonly wrote: readonly Statement[];
    readonly isInjected: boolean;
  },
): Omit<Loss, keyof Actor> {
  const { occ, since, lost, footprint, wrote, isInjected } = of;
  const isCatalog = occ === "OC001";
  const relation = lost?.on?.relation ?? only(footprint.written);
  const names = isCatalog
    ? footprint.relations
    : relation === undefined
      ? footprint.written
      : new Set([relation]);
  const committed = isInjected
    ? []
    : (commits.since(since.sequence, (commit) => isAbout(commit, names, isCatalog)) ?? []);
  return {
    atMs: clock.nowMs(),
    occ,
    startedAtMs: since.atMs,
    relation: isCatalog ? (sharedOf(committed, names) ?? relation) : relation,
    rows: isCatalog ? undefined : lost?.on?.rows,
    statement: lost?.statement,
    wrote: wrote
      .filter(({ kind }) => kind === "write" || kind === "ddl")
      .slice(-statementsMax)
      .map(({ text }) => keptText(text)),
    committed: committed.slice(0, commitsMax),
    isInjected,
  };
}

/** A session that has not been told yet of a catalog change is told at its next statement, which is about these relations. */
export function staleLossOf(
  { commits, clock }: Pick<TransactionServices, "commits" | "clock">,
  names: ReadonlySet<string>,
): Omit<Loss, keyof Actor> {
  const change = commits.last((commit) => isAbout(commit, names, true));
  const committed = change === undefined ? [] : [change];
  const atMs = clock.nowMs();
  return {
    atMs,
    occ: "OC001",
    startedAtMs: atMs,
    relation: sharedOf(committed, names),
    rows: undefined,
    statement: undefined,
    wrote: [],
    committed,
    isInjected: false,
  };
}

function isAbout(commit: Commit, names: ReadonlySet<string>, isCatalogChange: boolean): boolean {
  if (commit.isCatalogChange !== isCatalogChange) return false;
  if (commit.relations === undefined) return true;
  for (const name of commit.relations) if (names.has(name)) return true;
  return false;
}

function only(names: ReadonlySet<string>): string | undefined {
  return names.size === 1 ? [...names][0] : undefined;
}

/** The one relation that the changes and the loser have in common. */
function sharedOf(committed: readonly Commit[], names: ReadonlySet<string>): string | undefined {
  const shared = committed.flatMap(({ relations }) =>
    [...(relations ?? [])].filter((name) => names.has(name)),
  );
  return only(new Set(shared));
}

/** As the client has named itself. */
export function applicationNameIn(settings: Settings): string {
  const literal = settings.get("application_name");
  return literal?.replace(/^'(.*)'$/s, "$1").replaceAll("''", "'") ?? "";
}
