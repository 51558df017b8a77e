/** The console's SQL sessions: opened, used step by step, and closed. */
import { ApiRefusal } from "@dsql-local/cloud";
import type { Cluster } from "@dsql-local/cluster";
import { errorOf, SqlSession, type SqlSessionState, type StatementOutcome } from "./sql-session.ts";

/** Sessions at once. At the bound the one that was longest unused is closed: pages are closed without a word. */
const sessionsMax = 16;
const namePattern = /^[\w .:-]{1,60}$/;

export class SqlSessions {
  readonly #cluster: Cluster;
  readonly #sessions = new Map<number, SqlSession>();
  #last = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  list(): readonly SqlSessionState[] {
    return [...this.#sessions.values()].map(({ state }) => state);
  }

  /** @throws {ApiRefusal} the role may not connect */
  async open({
    role = "admin",
    name = "console",
  }: {
    role?: unknown;
    name?: unknown;
  }): Promise<SqlSessionState> {
    if (typeof role !== "string" || role === "" || role.length > 63)
      throw new ApiRefusal(400, "role is the name of a database role, for example admin");
    if (typeof name !== "string" || !namePattern.test(name))
      throw new ApiRefusal(400, "name is up to 60 letters, digits, spaces, dots, colons and dashes");
    this.#makeRoom();
    const id = ++this.#last;
    try {
      const session = await SqlSession.open(this.#cluster, { id, role, name });
      this.#sessions.set(id, session);
      return session.state;
    } catch (error) {
      const { message, hint } = errorOf(error);
      throw new ApiRefusal(400, hint === undefined ? message : `${message}. ${hint}`);
    }
  }

  /** @throws {ApiRefusal} there is no such session, or it has a statement under way */
  async run(
    id: number,
    sql: unknown,
  ): Promise<{ outcomes: readonly StatementOutcome[]; session: SqlSessionState }> {
    const session = this.#get(id);
    if (typeof sql !== "string" || sql.trim() === "") throw new ApiRefusal(400, "sql is the text to run");
    if (session.isBusy) throw new ApiRefusal(409, "the session has a statement under way");
    return { outcomes: await session.run(sql), session: session.state };
  }

  /** @throws {ApiRefusal} there is no such session */
  close(id: number): void {
    this.#get(id).close();
    this.#sessions.delete(id);
  }

  closeAll(): void {
    for (const id of [...this.#sessions.keys()]) this.close(id);
  }

  #get(id: number): SqlSession {
    const session = this.#sessions.get(id);
    if (session === undefined) throw new ApiRefusal(404, `there is no SQL session ${id}: open one`);
    return session;
  }

  #makeRoom(): void {
    if (this.#sessions.size < sessionsMax) return;
    const [oldest] = [...this.#sessions].sort(([, one], [, other]) => one.lastUsedMs - other.lastUsedMs);
    if (oldest !== undefined) this.close(oldest[0]);
  }
}
