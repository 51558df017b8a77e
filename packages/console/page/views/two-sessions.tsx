/** Two to four sessions side by side, sent step by step; what has happened draws itself below as lanes. */
import { OutcomeView } from "../parts/outcome.tsx";
import { Failed, Panel } from "../parts/panel.tsx";
import { Timeline } from "../parts/timeline.tsx";
import { scenes } from "./scenes.ts";
import { lanesOf, names, type Pane, type Sessions, useSessions } from "./use-sessions.tsx";

export function TwoSessions() {
  const sessions = useSessions();
  const { panes, steps, scene, error } = sessions;
  return (
    <>
      <Panel
        title="Sessions side by side"
        note="each its own connection, role and transaction"
        tools={
          <>
            <select
              aria-label="Scene"
              value={scene?.name ?? ""}
              onChange={(event) =>
                void sessions.play(scenes.find(({ name }) => name === event.currentTarget.value))
              }
            >
              <option value="">no scene: write your own</option>
              {scenes.map(({ name }) => (
                <option key={name}>{name}</option>
              ))}
            </select>
            <button class="button" disabled={panes.length >= names.length} onClick={sessions.add}>
              Add a session
            </button>
          </>
        }
      >
        <Failed error={error} />
        <ScenePart sessions={sessions} />
      </Panel>
      <div class="panes">
        {panes.map((pane, index) => (
          <PaneView
            key={index}
            name={names[index] ?? ""}
            pane={pane}
            setSql={(sql) => sessions.change(index, { sql })}
            setRole={(role) => {
              sessions.change(index, { role });
              void sessions.end(index);
            }}
            send={(sql) => void sessions.send(index, sql)}
            end={() => void sessions.end(index)}
          />
        ))}
      </div>
      {steps.length > 0 && (
        <Panel
          title="What happened"
          tools={
            <button class="button" onClick={sessions.clear}>
              Clear
            </button>
          }
        >
          <Timeline lanes={lanesOf(panes, steps)} steps={steps} />
        </Panel>
      )}
    </>
  );
}

function ScenePart({ sessions }: { sessions: Sessions }) {
  const { scene, next, isBusy } = sessions;
  if (scene === undefined) return null;
  const step = scene.steps[next];
  return (
    <div class="scene">
      <p>{scene.about}</p>
      <div class="actions">
        <button
          class="button primary"
          data-testid="next-step"
          disabled={step === undefined || isBusy}
          onClick={() => void sessions.sendNext()}
        >
          {step === undefined ? "The end" : `Step ${next + 1} of ${scene.steps.length}`}
        </button>
        {step !== undefined && (
          <span>
            <b>{names[step.session]}</b> <code>{step.sql}</code>
          </span>
        )}
        <span class="grow" />
        <button class="button" disabled={isBusy} onClick={() => void sessions.play(scene)}>
          From the start
        </button>
      </div>
    </div>
  );
}

const transactionWords = {
  idle: "no transaction",
  open: "in a transaction",
  failed: "transaction failed",
  closed: "closed",
} as const;

interface PaneProps {
  readonly name: string;
  readonly pane: Pane;
  readonly setSql: (sql: string) => void;
  readonly setRole: (role: string) => void;
  readonly send: (sql: string) => void;
  readonly end: () => void;
}

function PaneView({ name, pane, setSql, setRole, send, end }: PaneProps) {
  const { session, last, error, isBusy, sql, role } = pane;
  const state = session?.transaction ?? "closed";
  const run = (text: string): void => {
    if (text.trim() !== "" && isBusy !== true) send(text);
  };
  return (
    <Panel
      title={name}
      testId={`pane-${name}`}
      note={
        <span
          class={`tag ${state === "open" ? "warn" : state === "failed" ? "loser" : ""}`}
          data-testid="state"
        >
          {isBusy === true ? "running" : session === undefined ? "not connected" : transactionWords[state]}
        </span>
      }
      tools={
        <>
          <input
            class="role"
            aria-label={`${name}'s role`}
            value={role}
            onChange={(event) => setRole(event.currentTarget.value)}
          />
          <button
            class="quiet"
            disabled={session === undefined && isBusy !== true}
            onClick={end}
            title="Ends the session, and what it has under way"
          >
            end
          </button>
        </>
      }
    >
      <textarea
        aria-label={`${name}'s SQL`}
        rows={3}
        spellcheck={false}
        value={sql}
        placeholder="SQL; Ctrl-Enter sends it"
        onInput={(event) => setSql(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run(sql);
        }}
      />
      <div class="actions">
        <button class="button primary" disabled={isBusy} onClick={() => run(sql)}>
          Send
        </button>
        {["BEGIN", "COMMIT", "ROLLBACK"].map((text) => (
          <button key={text} class="button" disabled={isBusy} onClick={() => run(text)}>
            {text}
          </button>
        ))}
      </div>
      <Failed error={error} />
      {last !== undefined && (
        <div class="last">
          <code>{last.sql}</code>
          <OutcomeView outcome={last} />
        </div>
      )}
    </Panel>
  );
}
