/** Faults on demand: injected, listed, ended. */
import { useState } from "preact/hooks";
import type { FaultOptions, FaultState } from "@dsql-local/cluster";
import { api, messageOf } from "../api.ts";
import { count } from "../parts/format.ts";
import { Failed, Panel } from "../parts/panel.tsx";
import { useData } from "../parts/use-data.ts";

interface Kind {
  readonly kind: FaultOptions["kind"];
  readonly about: string;
  readonly at?: readonly string[];
}

const kinds: readonly Kind[] = [
  { kind: "conflict", about: "COMMIT fails with 40001 (OC000); the work is rolled back." },
  { kind: "schema-conflict", about: "COMMIT fails with 40001 (OC001); the work is rolled back." },
  {
    kind: "lose-connection",
    about: "The connection closes; after-commit leaves the outcome unknown.",
    at: ["before-commit", "after-commit", "mid-result"],
  },
  {
    kind: "refuse-connection",
    about: "A new connection is refused.",
    at: ["access-denied", "rate-exceeded", "waking-up"],
  },
  { kind: "unavailable", about: "A statement fails with XX000." },
  { kind: "slow", about: "So many milliseconds pass first.", at: ["statement", "commit", "connect"] },
  { kind: "slow-index-build", about: "An index build waits, or until the fault is ended." },
  { kind: "fail-index-build", about: "An index build fails." },
];

const texts = [
  ["table", "table"],
  ["role", "role"],
  ["applicationName", "application_name"],
] as const;
const numbers = [
  ["every", "every nth call"],
  ["probability", "probability, 0 to 1"],
  ["seed", "seed"],
  ["times", "so many times"],
  ["forMs", "for milliseconds"],
  ["delayMs", "delay, milliseconds"],
] as const;

type Written = Readonly<Record<string, string>>;

export function Faults() {
  const { data, error, reload } = useData<{ faults: readonly FaultState[] }>("faults", 1_000);
  const [written, setWritten] = useState<Written>({ kind: "conflict", times: "5" });
  const [refusal, setRefusal] = useState<string>();
  const act = async (work: Promise<unknown>): Promise<void> => {
    try {
      await work;
      setRefusal(undefined);
    } catch (caught) {
      setRefusal(messageOf(caught));
    }
    reload();
  };
  const kind = kinds.find((each) => each.kind === written["kind"]);
  const set = (name: string, value: string): void => {
    setWritten((all) => ({ ...all, [name]: value, ...(name === "kind" && { at: "" }) }));
  };
  return (
    <div class="columns">
      <Panel title="Inject a fault" note={kind?.about}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void act(api.post("faults", faultOf(written)));
          }}
        >
          <div class="fields">
            <label>
              kind
              <select value={written["kind"]} onChange={(event) => set("kind", event.currentTarget.value)}>
                {kinds.map((each) => (
                  <option key={each.kind}>{each.kind}</option>
                ))}
              </select>
            </label>
            {kind?.at !== undefined && (
              <label>
                at
                <select
                  value={written["at"] ?? ""}
                  onChange={(event) => set("at", event.currentTarget.value)}
                >
                  <option value="">{kind.at[0]}</option>
                  {kind.at.slice(1).map((at) => (
                    <option key={at}>{at}</option>
                  ))}
                </select>
              </label>
            )}
            {[...texts, ...numbers].map(([name, label]) => (
              <label key={name}>
                {label}
                <input
                  name={name}
                  inputMode={numbers.some(([number]) => number === name) ? "decimal" : "text"}
                  value={written[name] ?? ""}
                  onInput={(event) => set(name, event.currentTarget.value)}
                />
              </label>
            ))}
          </div>
          <div class="actions">
            <button class="button primary">Inject</button>
            <code class="muted">{commandOf(written)}</code>
          </div>
        </form>
        <Failed error={refusal} />
      </Panel>
      <Panel
        title="Faults that are on"
        tools={
          <button
            class="button"
            disabled={(data?.faults.length ?? 0) === 0}
            onClick={() => void act(api.delete("faults"))}
          >
            End all
          </button>
        }
      >
        <Failed error={error} />
        {data?.faults.length === 0 && <p class="muted">None: the stack answers as the service does.</p>}
        <ul class="rows" data-testid="faults">
          {data?.faults.map(({ id, options: { kind: name, ...options }, matched, injected }) => (
            <li key={id} class="row">
              <span class="tag injected">{name}</span>
              <span class="grow mono">
                {Object.entries(options)
                  .map(([option, value]) => `${option}=${String(value)}`)
                  .join(" ")}
              </span>
              <span class="muted">
                {count(injected)} of {count(matched)} that matched
              </span>
              <button class="quiet" onClick={() => void act(api.delete(`faults/${id}`))}>
                end
              </button>
            </li>
          ))}
        </ul>
      </Panel>
    </div>
  );
}

/** What is left empty is left out; what is no number goes as it is, and the stack says what is wrong with it. */
function faultOf(written: Written): object {
  const isNumber = (name: string): boolean => numbers.some(([number]) => number === name);
  return Object.fromEntries(
    Object.entries(written)
      .filter(([, value]) => value.trim() !== "")
      .map(([name, value]) => [
        name,
        isNumber(name) && !Number.isNaN(Number(value)) ? Number(value) : value.trim(),
      ]),
  );
}

/** The same in a terminal. */
function commandOf(written: Written): string {
  const { kind, ...options } = faultOf(written) as Record<string, string | number>;
  const flags = Object.entries(options).map(
    ([name, value]) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${value}`,
  );
  return ["npx dsql fault", kind, ...flags].join(" ");
}
