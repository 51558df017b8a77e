/** What is deployed: functions, to be invoked and listened to. */
import { useState } from "preact/hooks";
import { api, messageOf } from "../api.ts";
import { clock, duration } from "../parts/format.ts";
import { Empty, Failed, Panel } from "../parts/panel.tsx";
import { useData } from "../parts/use-data.ts";

interface StackFacts {
  readonly endpoint: string;
  readonly region: string;
  readonly account: string;
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
}

interface Answer {
  readonly payload: string;
  readonly error?: string;
  readonly log: string;
  readonly ms: number;
}

export function Cloud() {
  const { data: stack } = useData<StackFacts>("stack");
  const { data, error } = useData<{ functions: readonly { name: string; logGroup: string }[] }>(
    "functions",
    5_000,
  );
  const [chosen, setChosen] = useState<string>();
  const name = chosen ?? data?.functions[0]?.name;
  return (
    <>
      <Panel title="Cluster" note={stack?.endpoint}>
        {stack !== undefined && (
          <p class="mono muted">
            {stack.host}:{stack.port}, {stack.region}, account {stack.account}, data in {stack.dataDir}
          </p>
        )}
      </Panel>
      <Failed error={error} />
      {data?.functions.length === 0 && (
        <Empty title="No function is deployed">
          <p>
            Deploy one with the CDK: <code>eval "$(npx dsql env)"</code>, then <code>npx cdk deploy</code>.
          </p>
        </Empty>
      )}
      {name !== undefined && data !== undefined && (
        <div class="split">
          <Panel title="Functions">
            <ul class="rows">
              {data.functions.map((each) => (
                <li key={each.name}>
                  <button
                    class={`row ${each.name === name ? "chosen" : ""}`}
                    onClick={() => setChosen(each.name)}
                  >
                    <span class="grow mono">{each.name}</span>
                  </button>
                </li>
              ))}
            </ul>
          </Panel>
          <OneFunction key={name} name={name} />
        </div>
      )}
    </>
  );
}

function OneFunction({ name }: { name: string }) {
  const [payload, setPayload] = useState("{}");
  const [answer, setAnswer] = useState<Answer>();
  const [error, setError] = useState<string>();
  const [isBusy, setIsBusy] = useState(false);
  const invoke = async (): Promise<void> => {
    setIsBusy(true);
    try {
      setAnswer(
        await api.post<Answer>(`functions/${name}/invoke`, { payload: JSON.parse(payload) as unknown }),
      );
      setError(undefined);
    } catch (caught) {
      setError(
        caught instanceof SyntaxError ? `The payload is no JSON: ${caught.message}` : messageOf(caught),
      );
    } finally {
      setIsBusy(false);
    }
  };
  return (
    <div>
      <Panel title={name}>
        <textarea
          class="mono"
          aria-label="Payload, JSON"
          rows={3}
          spellcheck={false}
          value={payload}
          onInput={(event) => setPayload(event.currentTarget.value)}
        />
        <div class="actions">
          <button class="button primary" disabled={isBusy} onClick={() => void invoke()}>
            Invoke
          </button>
          {answer !== undefined && <span class="muted">{duration(answer.ms)}</span>}
          {answer?.error !== undefined && <span class="tag loser">{answer.error}</span>}
        </div>
        <Failed error={error} />
        {answer !== undefined && <pre data-testid="answer">{answer.payload}</pre>}
      </Panel>
      <FunctionLog name={name} />
    </div>
  );
}

function FunctionLog({ name }: { name: string }) {
  const { data, error } = useData<{ events: readonly { atMs: number; message: string }[] }>(
    `functions/${name}/log`,
    2_000,
  );
  return (
    <Panel title="Log" note="the last hour, the newest first">
      <Failed error={error} />
      <pre class="scroll">
        {data?.events.toReversed().map(({ atMs, message }) => `${clock(atMs)}  ${message.trimEnd()}\n`)}
      </pre>
    </Panel>
  );
}
