/**
 * What the main thread and a function's worker threads say to each other.
 *
 * Tuples, because a property name costs time in every message; and one message carries all that came up in a turn of
 * the event loop, because a message costs far more than what it carries. Payloads stay text: only the worker parses.
 */

/** Given to a thread once, when it starts. */
export interface ThreadSettings {
  readonly functionName: string;
  readonly functionArn: string;
  readonly version: string;
  readonly handler: string;
  readonly runtime: string;
  readonly memoryMb: number;
  readonly timeoutMs: number;
  /** Where the zip was unpacked. */
  readonly taskRoot: string;
  /** The complete environment of the function, except for what differs between environments. */
  readonly variables: Readonly<Record<string, string>>;
  readonly log: { readonly group: string; readonly directory: string; readonly isJson: boolean };
  /** Shared: see `Pulse`. */
  readonly pulse: SharedArrayBuffer;
}

/** Runs an event in an environment, which is made first when the thread does not know its number. */
export type InvokeCommand = readonly [
  kind: "invoke",
  invocation: number,
  environment: number,
  requestId: string,
  payload: string,
  qualifier: string,
  wantsLogTail: boolean,
  clientContext: string,
];
/** Makes an environment ahead of its first invocation; reported as an invocation that returned nothing. */
export type PrepareCommand = readonly [kind: "prepare", invocation: number, environment: number];
/** Closes an idle environment. */
export type DropCommand = readonly [kind: "drop", environment: number];
/** The role's fresh credentials, as environment variables. */
export type CredentialsCommand = readonly [kind: "credentials", variables: Readonly<Record<string, string>>];
/** Closes everything, writes out the log, ends. */
export type EndCommand = readonly [kind: "end"];

export type ThreadCommand = InvokeCommand | PrepareCommand | DropCommand | CredentialsCommand | EndCommand;

/**
 * How an invocation ended.
 * - `returned`: the handler's value
 * - `failed`: the handler's error; the environment serves on
 * - `ended`: an error that ended the environment with it
 * - `refused`: the payload was not JSON; the handler never saw it
 */
export type Ending = "returned" | "failed" | "ended" | "refused";

export type InvocationReport = readonly [
  invocation: number,
  ending: Ending,
  payload: string,
  logTail: string | undefined,
];

export interface ThreadReport {
  readonly invocations: readonly InvocationReport[];
  readonly environmentsEnded: readonly number[];
}

/** Cells of the shared array through which a thread shows that it is alive, even to one that gets no answer. */
export const Pulse = {
  /** Counts up while the thread's event loop turns and it has work. */
  beats: 0,
  /** 1 while code is being loaded, which may take `initializationMsMax`. */
  isLoading: 1,
  /** The environment whose code was entered last: who blocks the thread, when it is blocked. */
  environment: 2,
  cells: 3,
} as const;
