/** Jobs: index builds and what else goes on after its statement has answered. */
import { count } from "../parts/format.ts";
import { Failed, Panel } from "../parts/panel.tsx";
import { useData } from "../parts/use-data.ts";

type Job = Readonly<Record<string, unknown>>;

const tones: Readonly<Record<string, string>> = { completed: "winner", failed: "loser", cancelled: "loser" };

export function Jobs() {
  const { data, error } = useData<{ jobs: readonly Job[] }>("schema/jobs", 2_000);
  const jobs = data?.jobs ?? [];
  const columns = Object.keys(jobs[0] ?? {});
  return (
    <Panel title="Jobs" note={`sys.jobs, ${count(jobs.length)}, the newest first`}>
      <Failed error={error} />
      {data !== undefined && jobs.length === 0 && (
        <p class="muted">
          None yet. CREATE INDEX ASYNC makes one; the service forgets it half an hour after its end.
        </p>
      )}
      {jobs.length > 0 && (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                {columns.map((column) => (
                  <th key={column}>{column}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {jobs.map((job) => (
                <tr key={String(job["job_id"])}>
                  {columns.map((column) => (
                    <td key={column} class="mono">
                      {column === "status" ? (
                        <span class={`tag ${tones[textOf(job[column])] ?? "warn"}`}>
                          {textOf(job[column])}
                        </span>
                      ) : (
                        textOf(job[column])
                      )}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
