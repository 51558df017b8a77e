/** The sessions of the view: what is open, what was sent, and where the scene is. */
import { useEffect, useRef, useState } from "preact/hooks";
import { messageOf } from "../api.ts";
import { summaryOf } from "../parts/outcome.tsx";
import type { Lane, Step } from "../parts/timeline.tsx";
import { closeSession, openSession, type Outcome, runIn, type SqlSession } from "../sql-api.ts";
import type { Scene } from "./scenes.ts";

export const names = ["Ana", "Ben", "Cleo", "Dan"] as const;
/** Steps that are drawn; the oldest go. */
const stepsMax = 100;

export interface Pane {
  readonly role: string;
  readonly sql: string;
  readonly session?: SqlSession;
  readonly last?: Outcome;
  readonly error?: string | undefined;
  readonly isBusy?: boolean;
}

/** What the view may do. */
export interface Sessions {
  readonly panes: readonly Pane[];
  readonly steps: readonly Step[];
  readonly scene: Scene | undefined;
  /** Index of the scene's step that comes next. */
  readonly next: number;
  readonly isBusy: boolean;
  readonly error: string | undefined;
  readonly add: () => void;
  readonly change: (index: number, changed: Partial<Pane>) => void;
  readonly send: (index: number, sql: string, note?: string) => Promise<void>;
  /** Ends a session, and what it has under way. */
  readonly end: (index: number) => Promise<void>;
  readonly play: (scene: Scene | undefined) => Promise<void>;
  readonly sendNext: () => Promise<void>;
  readonly clear: () => void;
}

export function useSessions(): Sessions {
  const [panes, setPanes] = useState<readonly Pane[]>([emptyPane, emptyPane]);
  const [steps, setSteps] = useState<readonly Step[]>([]);
  const [scene, setScene] = useState<Scene>();
  const [next, setNext] = useState(0);
  const [isPreparing, setIsPreparing] = useState(false);
  const [error, setError] = useState<string>();
  const open = useRef(new Map<number, SqlSession>());

  useEffect(
    () => () => {
      for (const session of open.current.values()) void closeSession(session);
    },
    [],
  );

  const change = (index: number, changed: Partial<Pane>): void => {
    setPanes((all) => all.map((pane, at) => (at === index ? { ...pane, ...changed } : pane)));
  };

  const sessionOf = async (index: number, role: string): Promise<SqlSession> => {
    const known = open.current.get(index);
    if (known !== undefined) return known;
    const session = await openSession(role, `console ${names[index] ?? ""}`);
    open.current.set(index, session);
    return session;
  };

  const send = async (index: number, sql: string, note?: string): Promise<void> => {
    change(index, { isBusy: true, error: undefined });
    try {
      const { outcomes, session } = await runIn(await sessionOf(index, panes[index]?.role ?? "admin"), sql);
      open.current.set(index, session);
      const last = outcomes.at(-1);
      change(index, { session, isBusy: false, ...(last !== undefined && { last }) });
      setSteps((all) =>
        [...all, ...outcomes.map((outcome) => stepOf(index, outcome, note))].slice(-stepsMax),
      );
    } catch (caught) {
      open.current.delete(index);
      change(index, { isBusy: false, error: messageOf(caught) });
    }
  };

  const end = async (index: number): Promise<void> => {
    const session = open.current.get(index);
    open.current.delete(index);
    if (session !== undefined) await closeSession(session);
    setPanes((all) => all.map((pane, at) => (at === index ? { role: pane.role, sql: pane.sql } : pane)));
  };

  const play = async (chosen: Scene | undefined): Promise<void> => {
    setScene(chosen);
    setNext(0);
    setSteps([]);
    setError(undefined);
    if (chosen === undefined) return;
    setIsPreparing(true);
    try {
      await Promise.all([...open.current.keys()].map(end));
      const session = await openSession("admin", "console scene");
      try {
        for (const sql of chosen.setup) await expectDone(session, sql);
      } finally {
        await closeSession(session);
      }
      setPanes((all) => all.map((pane) => ({ role: pane.role, sql: "" })));
    } catch (caught) {
      setError(messageOf(caught));
    } finally {
      setIsPreparing(false);
    }
  };

  const isBusy = isPreparing || panes.some((pane) => pane.isBusy === true);
  const step = scene?.steps[next];
  const sendNext = async (): Promise<void> => {
    if (step === undefined || isBusy) return;
    setNext(next + 1);
    await send(step.session, step.sql, step.note);
  };

  return {
    panes,
    steps,
    scene,
    next,
    isBusy,
    error,
    add: () => {
      setPanes((all) => [...all, emptyPane]);
    },
    change,
    send,
    end,
    play,
    sendNext,
    clear: () => {
      setSteps([]);
    },
  };
}

const emptyPane: Pane = { role: "admin", sql: "" };

async function expectDone(session: SqlSession, sql: string): Promise<void> {
  const { outcomes } = await runIn(session, sql);
  const error = outcomes.at(-1)?.error;
  if (error !== undefined) throw new Error(`${sql}: ${error.message}`);
}

export function lanesOf(panes: readonly Pane[], steps: readonly Step[]): readonly Lane[] {
  return panes.map((pane, index) => {
    const hasLost = steps.some(({ lane, kind }) => lane === String(index) && kind === "lost");
    return {
      id: String(index),
      title: names[index] ?? "",
      detail: pane.session === undefined ? pane.role : `${pane.role}, session ${pane.session.sessionId}`,
      ...(hasLost && { tone: "loser" as const }),
    };
  });
}

function stepOf(index: number, { sql, startedAtMs, result, error }: Outcome, note: string | undefined): Step {
  const word = /^\s*(\w+)/.exec(sql)?.[1]?.toUpperCase() ?? "";
  const isLost = error?.sqlstate === "40001";
  const kind = isLost
    ? "lost"
    : word === "COMMIT"
      ? "commit"
      : word === "ROLLBACK"
        ? "rollback"
        : "statement";
  const told = error === undefined ? result && valuesOf(result) : `${error.sqlstate ?? ""} ${error.message}`;
  return {
    lane: String(index),
    atMs: startedAtMs,
    kind,
    text: sql.trim(),
    detail: (
      <>
        <span class={error === undefined ? "" : "loser"}>{told}</span>
        {note !== undefined && <em> {note}</em>}
      </>
    ),
  };
}

/** A small result is shown as it is. */
function valuesOf(result: NonNullable<Outcome["result"]>): string {
  const { rows, columns } = result;
  if (columns.length === 0 || rows.length === 0 || rows.length * columns.length > 6) return summaryOf(result);
  return `→ ${rows.map((row) => row.map(String).join(", ")).join("; ")}`;
}
