/** One log line: what happened, with named fields and units. Never tokens, passwords or row values. */
export interface LogEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

export type Log = (event: LogEvent) => void;

export const silentLog: Log = () => undefined;
