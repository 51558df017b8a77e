/** Requests to `/_dsql/api/snapshots`: earlier states of the first cluster's data, and the way back to them. */
import { type ClusterData, StorageError } from "@dsql-local/cluster";
import { ApiRefusal } from "./refusal.ts";

type Snapshots = Pick<ClusterData, "list" | "snapshot" | "restore" | "delete">;

export interface SnapshotsAnswer {
  readonly status: number;
  readonly body: object;
}

const paths = /^\/_dsql\/api\/snapshots(?:\/([^/]+)(\/restore)?)?$/;

/**
 * @param body - reads what was sent, parsed
 * @returns undefined where it is no request of these
 * @throws {ApiRefusal} 400 no name, 404 no such snapshot, 409 it cannot be done now
 */
export async function answerSnapshots(
  data: Snapshots,
  { method, path, body }: { method: string; path: string; body: () => Promise<unknown> },
): Promise<SnapshotsAnswer | undefined> {
  const found = paths.exec(path);
  if (found === null) return undefined;
  const [, name, restore] = found;
  try {
    switch (`${method}${name === undefined ? "" : " one"}${restore ?? ""}`) {
      case "GET":
        return { status: 200, body: { snapshots: await data.list() } };
      case "POST": {
        const wanted = nameIn(await body());
        await data.snapshot(wanted);
        return { status: 201, body: { snapshot: wanted } };
      }
      case "POST one/restore":
        await data.restore(await known(data, name));
        return { status: 200, body: { snapshot: name } };
      case "DELETE one":
        await data.delete(await known(data, name));
        return { status: 200, body: { snapshots: await data.list() } };
      default:
        return undefined;
    }
  } catch (error) {
    if (error instanceof StorageError) throw new ApiRefusal(409, error.message);
    throw error;
  }
}

function nameIn(body: unknown): string {
  const name = typeof body === "object" && body !== null && "name" in body ? body.name : undefined;
  if (typeof name === "string") return name;
  throw new ApiRefusal(400, `a snapshot has a name: {"name":"filled"}`);
}

async function known(data: Snapshots, name = ""): Promise<string> {
  const names = await data.list();
  if (names.includes(name)) return name;
  const others = names.length === 0 ? "there are none" : `there are: ${names.join(", ")}`;
  throw new ApiRefusal(404, `there is no snapshot ${JSON.stringify(name)}; ${others}`);
}
