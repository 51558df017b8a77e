/** Which transactions have lost, on which row and to whom; one of them opened as a timeline. */
import type { Conflict } from "@dsql-local/cluster";
import { useEffect, useMemo, useState } from "preact/hooks";
import { clock, count, duration, plural } from "../parts/format.ts";
import { Empty, Failed, Panel } from "../parts/panel.tsx";
import { useListKeys } from "../parts/use-list-keys.ts";
import { useData } from "../parts/use-data.ts";
import { Timeline } from "../parts/timeline.tsx";
import { adviceFor, lanesOf, placeOf, rowKey, stepsOf, whoIs } from "./conflict-story.ts";

/** Shown in the list; the stack keeps more. */
const shownMax = 200;
const hotShownMax = 8;

export function Conflicts() {
  const { data, error } = useData<{ conflicts: readonly Conflict[] }>("conflicts", "events");
  const [opened, setOpened] = useState<number>();
  const [table, setTable] = useState("");
  const [row, setRow] = useState<string>();
  const all = data?.conflicts ?? [];
  const times = useMemo(() => lossesByRow(all), [data]);
  const tables = useMemo(() => [...new Set(all.map(({ relation }) => relation ?? ""))].sort(), [data]);
  const meant = all.filter(
    (one) => (table === "" || one.relation === table) && (row === undefined || rowKey(one) === row),
  );
  const shown = meant.slice(-shownMax).reverse();
  const chosen = all.find(({ id }) => id === opened) ?? shown[0];
  useListKeys(
    shown.map(({ id }) => id),
    chosen?.id,
    setOpened,
  );
  if (data === undefined) return <Failed error={error} />;
  if (all.length === 0) return <NoConflicts />;
  return (
    <div class="split">
      <div class="split-list">
        <Panel
          title="Conflicts"
          note={`${plural(meant.length, "transaction")} lost`}
          tools={
            <select
              aria-label="Table"
              value={table}
              onChange={(event) => setTable(event.currentTarget.value)}
            >
              <option value="">all tables</option>
              {tables.map((name) => (
                <option key={name} value={name}>
                  {name === "" ? "(unknown)" : name}
                </option>
              ))}
            </select>
          }
        >
          {error !== undefined && <Failed error={error} />}
          {row !== undefined && (
            <button class="chip" onClick={() => setRow(undefined)}>
              only one row <span aria-hidden="true">×</span>
            </button>
          )}
          <ol class="rows" data-testid="conflicts">
            {shown.map((one) => (
              <li key={one.id}>
                <button
                  class={`row ${one.id === chosen?.id ? "chosen" : ""}`}
                  aria-current={one.id === chosen?.id}
                  onClick={() => setOpened(one.id)}
                >
                  <time>{clock(one.atMs)}</time>
                  <span class={`tag ${one.isInjected ? "injected" : "loser"}`}>
                    {one.isInjected ? "injected" : one.occ}
                  </span>
                  <span class="grow mono">{placeOf(one)}</span>
                  <span class="muted">{whoIs(one)}</span>
                </button>
              </li>
            ))}
          </ol>
          {meant.length > shownMax && (
            <p class="muted">
              The last {shownMax} of {count(meant.length)}.
            </p>
          )}
        </Panel>
        <HotRows all={all} times={times} chosen={row} choose={setRow} />
      </div>
      {chosen !== undefined && <Opened conflict={chosen} times={times.get(rowKey(chosen)) ?? 1} />}
    </div>
  );
}

function lossesByRow(all: readonly Conflict[]): Map<string, number> {
  const times = new Map<string, number>();
  for (const one of all) times.set(rowKey(one), (times.get(rowKey(one)) ?? 0) + 1);
  return times;
}

function Opened({ conflict, times }: { conflict: Conflict; times: number }) {
  const advice = adviceFor(conflict, times);
  const { winner, atMs, startedAtMs } = conflict;
  useEffect(() => {
    document.title = `${placeOf(conflict)} · dsql-local`;
    return () => {
      document.title = "dsql-local";
    };
  }, [conflict.id]);
  return (
    <Panel title={placeOf(conflict)} note={`conflict ${conflict.id}, ${clock(atMs)}`} testId="conflict">
      <p class="lead">
        <b class="loser">{whoIs(conflict)}</b> worked for {duration(atMs - startedAtMs)} on its snapshot and
        lost
        {winner === undefined ? null : (
          <>
            : <b class="winner">{whoIs(winner)}</b> had committed the row{" "}
            {duration(Math.max(0, atMs - winner.atMs))} before
          </>
        )}
        .
      </p>
      <Timeline lanes={lanesOf(conflict)} steps={stepsOf(conflict)} />
      <p class="advice">
        {advice.text} <span class="muted">{advice.guide}</span>
      </p>
    </Panel>
  );
}

function HotRows(props: {
  all: readonly Conflict[];
  times: ReadonlyMap<string, number>;
  chosen: string | undefined;
  choose: (row: string | undefined) => void;
}) {
  const { all, times, chosen, choose } = props;
  const ranked = [...times].sort((left, right) => right[1] - left[1]).slice(0, hotShownMax);
  const most = ranked[0]?.[1] ?? 1;
  return (
    <Panel title="Hot rows" note="lost on most often">
      <ol class="rows">
        {ranked.map(([key, lost]) => {
          const one = all.findLast((each) => rowKey(each) === key);
          return (
            one && (
              <li key={key}>
                <button
                  class={`row ${key === chosen ? "chosen" : ""}`}
                  title={adviceFor(one, lost).text}
                  onClick={() => choose(key === chosen ? undefined : key)}
                >
                  <span class="grow mono">{placeOf(one)}</span>
                  <meter min={0} max={most} value={lost} />
                  <span class="number">{count(lost)}</span>
                </button>
              </li>
            )
          );
        })}
      </ol>
    </Panel>
  );
}

function NoConflicts() {
  return (
    <Empty title="No transaction has lost yet">
      <p>
        Two transactions that write the same row make a conflict: the first to commit wins, the other hears
        40001 at its COMMIT. Try it in <a href="#/two-sessions">Two sessions</a>, or make one happen to your
        application in <a href="#/faults">Faults</a>.
      </p>
    </Empty>
  );
}
