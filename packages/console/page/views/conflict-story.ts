/** A conflict as lanes and steps, and the advice that fits it. */
import type { Conflict } from "@dsql-local/cluster";
import { plural, rowName } from "../parts/format.ts";
import type { Lane, Step } from "../parts/timeline.tsx";

type Who = Pick<Conflict, "transaction" | "sessionId" | "role" | "applicationName">;

export function whoIs({ applicationName, role }: Who): string {
  return applicationName === "" ? role : applicationName;
}

function sessionOf({ role, sessionId, transaction }: Who): string {
  const names = [role, `session ${sessionId}`, ...(transaction === "" ? [] : [transaction])];
  return names.join(", ");
}

export function placeOf({ relation, rows, occ }: Conflict): string {
  if (relation === undefined) return occ === "OC001" ? "the catalog" : "a table that cannot be told";
  if (rows === undefined) return relation;
  return `${relation} (${rows.map(rowName).join("), (")})`;
}

/** What two conflicts have in common that are about the same row. */
export function rowKey({ relation, rows, occ }: Conflict): string {
  return JSON.stringify([occ === "OC001" ? occ : relation, rows]);
}

const loserLane = "loser";

export function lanesOf(conflict: Conflict): readonly Lane[] {
  return [
    { id: loserLane, title: whoIs(conflict), detail: `${sessionOf(conflict)}, loses`, tone: "loser" },
    ...conflict.candidates.map((one, index) => ({
      id: `w${index}`,
      title: whoIs(one),
      detail: `${sessionOf(one)}, ${conflict.winner === undefined ? "may have won" : "commits first"}`,
      tone: "winner" as const,
    })),
  ];
}

export function stepsOf(conflict: Conflict): readonly Step[] {
  const { startedAtMs, wrote, candidates, statement, atMs, occ, isInjected } = conflict;
  const met = placeOf(conflict);
  const lost = (text: string): string =>
    occ === "OC001" ? `${text}: 40001, the schema has changed` : `${text}: 40001, change conflicts`;
  return [
    { lane: loserLane, atMs: startedAtMs, kind: "begin", text: "takes its snapshot" },
    ...wrote.map((text): Step => ({ lane: loserLane, atMs: undefined, kind: "statement", text })),
    ...candidates.map((one, index): Step => ({
      lane: `w${index}`,
      atMs: one.atMs,
      kind: "commit",
      text: one.statement,
      detail: "COMMIT",
      isMeeting: true,
    })),
    // What is run again after its locks were given up stands among what was written already.
    ...(statement === undefined || wrote.includes(statement)
      ? []
      : [
          {
            lane: loserLane,
            atMs: undefined,
            kind: "statement",
            text: statement,
            detail: `meets ${met}`,
          } as const,
        ]),
    {
      lane: loserLane,
      atMs,
      kind: "lost",
      text: isInjected ? "COMMIT: 40001, a fault on demand" : lost("COMMIT"),
      detail: `${occ}, on ${met}`,
    },
  ];
}

/** Rows that are lost on so often are hot. */
const hotFrom = 3;

export interface Advice {
  readonly text: string;
  /** The page that says more, by its name in the docs. */
  readonly guide: string;
}

export function adviceFor({ occ, isInjected }: Conflict, times: number): Advice {
  if (isInjected)
    return {
      text: "A fault on demand made this one; end it in the view Faults.",
      guide: "docs/guides/faults.md",
    };
  if (occ === "OC001")
    return {
      text: "The schema changed under the transaction. Run it again, and change a schema while little runs.",
      guide: "docs/guides/why-did-my-transaction-lose.md",
    };
  if (times >= hotFrom)
    return {
      text: `Lost on ${plural(times, "time")}: a hot row. Spread it over several rows, or insert changes and sum them up.`,
      guide: "docs/guides/patterns.md",
    };
  return {
    text: "Run the whole transaction again from its BEGIN, after a short pause.",
    guide: "docs/guides/why-did-my-transaction-lose.md",
  };
}
