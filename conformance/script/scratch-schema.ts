/**
 * A schema of one's own for each run of a script, made and dropped by a session that takes no part in the script.
 *
 * A catalog change reaches other sessions as OC001, so the script's sessions are opened only when all of it is made.
 */
import { randomBytes } from "node:crypto";
import { type Answer, Session, type Target } from "../client/index.ts";

export interface ScratchSchema {
  readonly name: string;
  /** A new session, of the target's user or another role, that finds the schema's tables without naming the schema. */
  openSession(role?: string): Promise<Session>;
  /** Runs a statement outside the script's sessions. */
  query(sql: string): Promise<Answer>;
  drop(): Promise<void>;
}

/** AWS's own tests repeat up to twelve times what meets a catalog change. */
const attemptsMax = 12;
const pauseMs = 50;

/** @throws {ServerError} the setup fails */
export async function createScratchSchema(target: Target, setup: readonly string[]): Promise<ScratchSchema> {
  const name = `conformance_${randomBytes(6).toString("hex")}`;
  const keeper = await Session.open(target);
  const searchPath = `SET search_path = ${name}`;
  const openSession = async (role?: string): Promise<Session> => {
    const session = await Session.open(target, role === undefined ? {} : { user: role });
    await must(session, searchPath);
    return session;
  };
  const drop = async (): Promise<void> => {
    await must(keeper, `DROP SCHEMA IF EXISTS ${name} CASCADE`);
    await keeper.close();
  };
  try {
    for (const statement of [`CREATE SCHEMA ${name}`, searchPath, ...setup]) await must(keeper, statement);
  } catch (error) {
    await drop();
    throw error;
  }
  return { name, openSession, query: (sql) => repeatConflicts(keeper, sql), drop };
}

async function must(session: Session, sql: string): Promise<void> {
  const { error } = await repeatConflicts(session, sql);
  if (error !== undefined) throw new Error(`${error.message}, from: ${sql}`, { cause: error });
}

async function repeatConflicts(session: Session, sql: string): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await session.query(sql);
    if (answer.error?.sqlstate !== "40001" || attempt === attemptsMax) return answer;
    await new Promise((resolve) => setTimeout(resolve, pauseMs * attempt));
  }
}
