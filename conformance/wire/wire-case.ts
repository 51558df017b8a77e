/** What the protocol's checks share: a case is a name and a function that asserts. */
import assert from "node:assert/strict";
import {
  type Answer,
  answerWithinMsDefault,
  type BackendMessage,
  Session,
  summarize,
  type Target,
} from "../client/index.ts";
import { createScratchSchema } from "../script/scratch-schema.ts";

export interface WireCase {
  /** The behaviour, in the present tense. */
  readonly name: string;
  run(target: Target): Promise<void>;
}

/** A case with one session. */
export function withSession(
  name: string,
  run: (session: Session, target: Target) => Promise<void>,
): WireCase {
  return {
    name,
    run: async (target) => {
      const session = await Session.open(target);
      try {
        await run(session, target);
      } finally {
        session.connection.destroy();
      }
    },
  };
}

/** A case with a schema of its own and sessions that find its tables. */
export function withTables(
  name: string,
  setup: readonly string[],
  run: (session: Session, openAnother: () => Promise<Session>, target: Target) => Promise<void>,
): WireCase {
  return {
    name,
    run: async (target) => {
      const schema = await createScratchSchema(target, setup);
      const sessions: Session[] = [];
      const open = async (): Promise<Session> => {
        const session = await schema.openSession();
        sessions.push(session);
        return session;
      };
      try {
        await run(await open(), open, target);
      } finally {
        for (const { connection } of sessions) connection.destroy();
        await schema.drop();
      }
    },
  };
}

/** Sends and reads up to ReadyForQuery. */
export async function exchange(session: Session, ...messages: readonly Buffer[]): Promise<BackendMessage[]> {
  session.connection.send(...messages);
  return session.connection.nextUntil("ReadyForQuery");
}

export const typesOf = (messages: readonly BackendMessage[]): string[] => messages.map(({ type }) => type);

export function errorOf(messages: readonly BackendMessage[]): Readonly<Record<string, string>> {
  const error = messages.find((message) => message.type === "ErrorResponse");
  assert.ok(error !== undefined, `an error was expected among ${typesOf(messages).join(", ")}`);
  return error.fields;
}

export function statusOf(messages: readonly BackendMessage[]): string {
  const last = messages.at(-1);
  return last?.type === "ReadyForQuery" ? last.status : "none";
}

/** The rows of a statement that must succeed, values joined by commas. */
export async function rowsOf(session: Session, sql: string, withinMs?: number): Promise<string[]> {
  const answer: Answer = await session.query(sql, withinMs);
  assert.equal(answer.error, undefined, `${sql} failed with ${answer.error?.message ?? ""}`);
  return answer.rows.map((row) => row.map((value) => value ?? "null").join(","));
}

export const rowsIn = (messages: readonly BackendMessage[]): string[] =>
  summarize(messages).rows.map((row) => row.map((value) => value ?? "null").join(","));

/** Waits until the server has closed; fails after `withinMs`. */
export async function closes(
  connection: { readonly closed: Promise<void> },
  withinMs = answerWithinMsDefault,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`the server did not close the connection within ${withinMs} ms`));
    }, withinMs);
  });
  await Promise.race([connection.closed, late]).finally(() => {
    clearTimeout(timer);
  });
}
