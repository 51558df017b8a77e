/**
 * Finding the stack that runs on a data directory, through the `lock.json` that its process keeps there.
 *
 * A stack counts as running when it answers as itself: a TLS handshake under the cluster's name, signed by the
 * certificate authority of this very data directory.
 */
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { connect } from "node:tls";
import { type DataDirHolder, readLock } from "@dsql-local/cluster/data-dir";
import { exitCodes, Failure } from "../failure.ts";
import { dataDirFlag } from "../options.ts";
import { type StackFacts, stackFacts } from "./stack-facts.ts";

export type StackState =
  /** Nobody alive holds the data directory; it may not exist at all. */
  | { readonly state: "stopped" }
  /** A process holds it and has not said yet where it listens. */
  | { readonly state: "starting"; readonly holder: DataDirHolder }
  /** It has, and does not answer there as this cluster. */
  | { readonly state: "silent"; readonly holder: DataDirHolder; readonly facts: StackFacts }
  | { readonly state: "running"; readonly holder: DataDirHolder; readonly facts: StackFacts };

/** A cluster under full load on a busy machine is slow to answer; one that hangs never does. */
const answerMsMax = 15_000;

export async function findStack(dataDir: string): Promise<StackState> {
  const holder = await readLock(dataDir);
  if (holder === undefined) return { state: "stopped" };
  if (!isComplete(holder)) return { state: "starting", holder };
  const facts = stackFacts({ ...holder, dataDir });
  return { state: (await answersAsItself(facts)) ? "running" : "silent", holder, facts };
}

/** The stack that runs there. @throws {Failure} none does, with what to do about it */
export async function runningStack(dataDir: string): Promise<StackFacts> {
  const found = await findStack(dataDir);
  switch (found.state) {
    case "running":
      return found.facts;
    case "starting":
      throw new Failure(`the cluster on ${dataDir} is still starting (process ${found.holder.pid})`, {
        remedy: "Try again in a moment.",
      });
    case "silent":
      throw new Failure(
        `process ${found.facts.pid} holds ${dataDir}, but no cluster answers on ${found.facts.host}:${found.facts.port}`,
        { remedy: `Stop it and start again: npx dsql stop --now${dataDirFlag(dataDir)}` },
      );
    case "stopped":
      throw new Failure(`no cluster runs on ${dataDir}`, {
        remedy: `Start one in another terminal: npx dsql start${dataDirFlag(dataDir)}`,
      });
  }
}

const lookEveryMs = 100;

/**
 * The stack that runs there, or is ready within the time, also where its start has not begun yet.
 * @throws {Failure} it is not
 */
export async function waitForStack(dataDir: string, timeoutMs = 60_000): Promise<StackFacts> {
  const untilMs = performance.now() + timeoutMs;
  for (;;) {
    const found = await findStack(dataDir);
    if (found.state === "running") return found.facts;
    if (performance.now() > untilMs) {
      throw new Failure(`no stack was ready on ${dataDir} within ${timeoutMs / 1_000} s`, {
        remedy: `Start one: npx dsql start${dataDirFlag(dataDir)}`,
        exitCode: exitCodes.notRunning,
      });
    }
    await delay(lookEveryMs);
  }
}

/** The cluster publishes itself when it is ready, the AWS endpoint when that is. */
function isComplete(holder: DataDirHolder): holder is DataDirHolder & Omit<StackFacts, "dataDir"> {
  return holder.clusterEndpoint !== undefined && holder.awsEndpoint !== undefined;
}

async function answersAsItself(facts: StackFacts): Promise<boolean> {
  const ca = await readFile(facts.caFile, "utf8").catch(() => undefined);
  if (ca === undefined) return false;
  return new Promise((resolve) => {
    const socket = connect({
      host: facts.host,
      port: facts.port,
      servername: facts.clusterEndpoint,
      ca,
      ALPNProtocols: ["postgresql"],
      timeout: answerMsMax,
    });
    const answer = (isItself: boolean) => () => {
      socket.destroy();
      resolve(isItself);
    };
    socket.once("secureConnect", answer(true));
    socket.once("error", answer(false));
    socket.once("timeout", answer(false));
    socket.once("close", answer(false));
  });
}
