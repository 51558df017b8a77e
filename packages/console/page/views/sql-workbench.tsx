/** SQL: an editor, its results, and plans as trees. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { messageOf } from "../api.ts";
import { OutcomeView } from "../parts/outcome.tsx";
import { Failed, Panel } from "../parts/panel.tsx";
import { PlanTree } from "../parts/plan-tree.tsx";
import { SqlEditor } from "../parts/sql-editor.tsx";
import { useData } from "../parts/use-data.ts";
import { closeSession, openSession, type Outcome, runIn, type SqlSession } from "../sql-api.ts";
import { nameOf, type Table } from "./schema.tsx";

/** What was written stays while the page is open. */
let written = "";

export function SqlWorkbench() {
  const { data, reload } = useData<{ tables: readonly Table[] }>("schema");
  const [role, setRole] = useState("admin");
  const [outcomes, setOutcomes] = useState<readonly Outcome[]>([]);
  const [error, setError] = useState<string>();
  const [isBusy, setIsBusy] = useState(false);
  const [state, setState] = useState<SqlSession["transaction"]>("idle");
  const session = useRef<SqlSession>(undefined);
  const tables = useMemo(
    () =>
      Object.fromEntries(
        (data?.tables ?? []).map((table) => [nameOf(table), table.columns.map(({ name }) => name)]),
      ),
    [data],
  );
  const end = (): void => {
    if (session.current !== undefined) void closeSession(session.current);
    session.current = undefined;
    setState("idle");
  };
  useEffect(() => end, []);
  const run = async (sql: string): Promise<void> => {
    if (sql.trim() === "" || isBusy) return;
    setIsBusy(true);
    setError(undefined);
    try {
      session.current ??= await openSession(role, "console sql");
      const answer = await runIn(session.current, sql);
      session.current = answer.session.transaction === "closed" ? undefined : answer.session;
      setState(answer.session.transaction);
      setOutcomes(answer.outcomes);
      if (answer.outcomes.some((each) => /^\s*(create|alter|drop)/i.test(each.sql))) reload();
    } catch (caught) {
      session.current = undefined;
      setOutcomes([]);
      setError(messageOf(caught));
    } finally {
      setIsBusy(false);
    }
  };
  return (
    <>
      <Panel
        title="SQL"
        note={
          state === "open" ? (
            <span class="tag warn">in a transaction</span>
          ) : (
            "Ctrl-Enter runs all, or what is selected"
          )
        }
        tools={
          <>
            <input
              class="role"
              aria-label="Role"
              value={role}
              onChange={(event) => {
                end();
                setRole(event.currentTarget.value);
              }}
            />
            {isBusy && (
              <button
                class="button"
                onClick={end}
                title="Aurora DSQL stops a statement only with its connection"
              >
                End the session
              </button>
            )}
            <button class="button" disabled={isBusy} onClick={() => void run(explained(written))}>
              Explain
            </button>
            <button class="button primary" disabled={isBusy} onClick={() => void run(written)}>
              Run
            </button>
          </>
        }
      >
        <SqlEditor
          initial={written}
          tables={tables}
          onChange={(text) => (written = text)}
          run={(sql) => void run(sql)}
        />
      </Panel>
      <Failed error={error} />
      {outcomes.map((outcome, index) => (
        <Panel key={index} title={titleOf(outcome.sql)}>
          {isPlan(outcome) ? <PlanTree lines={planLines(outcome)} /> : <OutcomeView outcome={outcome} />}
        </Panel>
      ))}
    </>
  );
}

function explained(sql: string): string {
  return /^\s*explain\b/i.test(sql) ? sql : `EXPLAIN (ANALYZE, VERBOSE) ${sql}`;
}

function titleOf(sql: string): string {
  const line = sql.replace(/\s+/g, " ").trim();
  return line.length > 100 ? `${line.slice(0, 100)}…` : line;
}

function isPlan({ result }: Outcome): boolean {
  return result?.columns.length === 1 && result.columns[0] === "QUERY PLAN";
}

function planLines({ result }: Outcome): readonly string[] {
  return result?.rows.map(([line]) => String(line)) ?? [];
}
