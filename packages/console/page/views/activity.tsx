/** Sessions with their open transactions and how near these are to their limits; and statements by how long they take. */
import type { Activity, SessionState, StatementStatistics } from "@dsql-local/cluster";
import { count } from "../parts/format.ts";
import { Failed, Panel } from "../parts/panel.tsx";
import { useData } from "../parts/use-data.ts";

/** Of a transaction; `spec` has them with their sources. */
const secondsMax = 300;
const rowsMax = 3_000;
const mebibytesMax = 10;
const mebibyte = 1_024 * 1_024;

const statementsShownMax = 100;

export function Sessions() {
  const { data, error } = useData<Activity>("activity", 1_000);
  const sessions = data?.sessions ?? [];
  const inTransaction = sessions.filter(({ transaction }) => transaction !== undefined);
  return (
    <>
      <Failed error={error} />
      <Panel title="Open transactions" note={count(inTransaction.length)}>
        {data !== undefined && inTransaction.length === 0 && <p class="muted">None at this moment.</p>}
        {inTransaction.length > 0 && <Transactions sessions={inTransaction} />}
      </Panel>
      <Panel title="Sessions" note={count(sessions.length)}>
        <div class="scroll">
          <table>
            <tbody>
              {sessions.map(({ sessionId, role, applicationName, statement, runningMs }) => (
                <tr key={sessionId}>
                  <td class="mono muted">{sessionId}</td>
                  <td>{applicationName === "" ? role : `${applicationName} (${role})`}</td>
                  <td>{runningMs === undefined ? "" : <span class="tag warn">running</span>}</td>
                  <td class="mono">{statement}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </Panel>
      <Statements all={data?.statements ?? []} />
    </>
  );
}

function Transactions({ sessions }: { sessions: readonly SessionState[] }) {
  return (
    <div class="scroll">
      <table data-testid="transactions">
        <thead>
          <tr>
            {["transaction", "who", "state", "age", "rows", "size", "last statement"].map((title) => (
              <th key={title}>{title}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sessions.map(
            ({ transaction, applicationName, role, statement }) =>
              transaction && (
                <tr key={transaction.id}>
                  <td class="mono">{transaction.id}</td>
                  <td>{applicationName === "" ? role : applicationName}</td>
                  <td>
                    <span class={`tag ${transaction.state === "doomed" ? "loser" : "warn"}`}>
                      {transaction.state}
                    </span>
                  </td>
                  <Bar value={transaction.ageMs / 1_000} max={secondsMax} unit="s" />
                  <Bar value={transaction.changedRows} max={rowsMax} unit="" />
                  <Bar value={transaction.writtenBytes / mebibyte} max={mebibytesMax} unit="MiB" />
                  <td class="mono">{statement}</td>
                </tr>
              ),
          )}
        </tbody>
      </table>
    </div>
  );
}

/** What is used of a limit. */
function Bar({ value, max, unit }: { value: number; max: number; unit: string }) {
  const shown = value < 10 && unit !== "" ? value.toFixed(1) : count(Math.round(value));
  return (
    <td class="number">
      <meter min={0} max={max} high={0.8 * max} value={value} title={`of ${max} ${unit}`} /> {shown} {unit}
    </td>
  );
}

function Statements({ all }: { all: readonly StatementStatistics[] }) {
  return (
    <Panel title="Statements" note="since somebody looks, the longest in sum first">
      <div class="scroll">
        <table data-testid="statements">
          <thead>
            <tr>
              {["calls", "failed", "p50 ms", "p99 ms", "sum s", "statement"].map((title) => (
                <th key={title}>{title}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {all.slice(0, statementsShownMax).map(({ fingerprint, calls, failed, p50Ms, p99Ms, totalMs }) => (
              <tr key={fingerprint}>
                <td class="number">{count(calls)}</td>
                <td class="number">{count(failed)}</td>
                <td class="number">{p50Ms.toFixed(2)}</td>
                <td class="number">{p99Ms.toFixed(2)}</td>
                <td class="number">{(totalMs / 1_000).toFixed(1)}</td>
                <td class="mono">{fingerprint}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
