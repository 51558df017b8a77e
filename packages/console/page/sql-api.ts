/** SQL sessions of the API. */
import { api } from "./api.ts";

export interface SqlSession {
  readonly id: number;
  readonly role: string;
  readonly name: string;
  readonly sessionId: number;
  readonly transaction: "idle" | "open" | "failed" | "closed";
  readonly isBusy: boolean;
}

export interface Result {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  readonly isTruncated: boolean;
  readonly command: string;
  readonly changedRows?: number;
}

export interface Outcome {
  readonly sql: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly result?: Result;
  readonly error?: {
    readonly sqlstate?: string;
    readonly message: string;
    readonly detail?: string;
    readonly hint?: string;
  };
}

export interface Run {
  readonly outcomes: readonly Outcome[];
  readonly session: SqlSession;
}

export async function openSession(role: string, name: string): Promise<SqlSession> {
  return (await api.post<{ session: SqlSession }>("sql/sessions", { role, name })).session;
}

export async function runIn(session: SqlSession, sql: string): Promise<Run> {
  return api.post<Run>(`sql/sessions/${session.id}/run`, { sql });
}

export async function closeSession(session: SqlSession): Promise<void> {
  await api.delete(`sql/sessions/${session.id}`).catch(() => undefined); // It may be gone already.
}
