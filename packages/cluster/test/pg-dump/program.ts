/**
 * The thread in which pg_dump runs. It sleeps while it waits for the cluster, so neither the cluster nor the connection
 * to it can be in this thread.
 */
import { MessageChannel, parentPort, receiveMessageOnPort, Worker, workerData } from "node:worker_threads";
import type { ConnectionData } from "./connection.ts";
import type { ProgramData, ProgramEnd } from "./pg-dump.ts";

/** The part of a PGlite database that `pgDump()` calls. */
interface Database {
  execProtocolRawStream(bytes: Uint8Array, on: { readonly onRawData: (bytes: Uint8Array) => void }): void;
  /** It asks for the search path before and after, and sets it again. */
  query(): Promise<{ rows: { search_path: string }[] }>;
  exec(): Promise<void>;
}

type PgDump = (options: { pg: Database; args: readonly string[] }) => Promise<File>;

const patienceMs = 60_000;

/** @returns a function that blocks this thread until the cluster has answered */
function openConnection(data: ProgramData["connection"]): (bytes: Uint8Array) => Uint8Array {
  const { port1, port2 } = new MessageChannel();
  const answered = new SharedArrayBuffer(4);
  const flag = new Int32Array(answered);
  // It ends with this thread.
  new Worker(new URL("./connection.js", import.meta.url), {
    workerData: { ...data, port: port2, answered } satisfies ConnectionData,
    transferList: [port2],
  });
  return (bytes) => {
    Atomics.store(flag, 0, 0);
    port1.postMessage(Uint8Array.from(bytes));
    Atomics.wait(flag, 0, 0, patienceMs);
    const answer = receiveMessageOnPort(port1) as { message: Uint8Array } | undefined;
    if (answer === undefined) throw new Error("the cluster does not answer");
    return answer.message;
  };
}

async function run({ module, args, connection }: ProgramData): Promise<ProgramEnd> {
  const { pgDump } = (await import(module)) as { pgDump: PgDump };
  const exchange = openConnection(connection);
  const pg: Database = {
    execProtocolRawStream: (bytes, { onRawData }) => {
      onRawData(exchange(bytes));
    },
    query: () => Promise.resolve({ rows: [{ search_path: "public" }] }),
    exec: () => Promise.resolve(),
  };
  try {
    const file = await pgDump({ pg, args });
    return { dump: await file.text() };
  } catch (error) {
    return { failure: String(error) };
  }
}

parentPort?.postMessage(await run(workerData as ProgramData));
