/** How a simulation reaches the cluster: a real driver, one connection per session, answers as text. */
import pg from "pg";

export interface Answer {
  /** Such as UPDATE; ROLLBACK when COMMIT found a failed block. */
  readonly command: string;
  readonly rowCount: number;
  readonly rows: readonly (readonly (string | null)[])[];
  readonly error?: { readonly sqlstate: string; readonly message: string };
}

export interface DatabaseSession {
  /** A server's refusal is an answer. @throws {Waits} no answer in time; any other failure of the connection */
  run(sql: string, values?: readonly number[]): Promise<Answer>;
  /**
   * Several statements in one message, so that each is at the server before the one in front of it is answered.
   *
   * @returns the answer of the last; the error, where one has failed: the rest is not run then
   */
  runTogether(statements: readonly string[]): Promise<Answer>;
  close(): Promise<void>;
  /** Leaves without a word. */
  vanish(): void;
}

export type OpenSession = () => Promise<DatabaseSession>;

/** A statement has not answered in time. Aurora DSQL never makes a statement wait for another transaction. */
export class Waits extends Error {
  override readonly name = "Waits";
}

/** Generous: the machine that runs this may be busy. Waiting for a lock would take until the next step, that is, forever. */
export const answerWithinMs = 60_000;

const asText = { getTypeParser: () => (value: unknown) => value };

export function databaseAt(connection: () => pg.ClientConfig): OpenSession {
  return async () => {
    const client = new pg.Client({ ...connection(), types: asText });
    client.on("error", () => undefined); // A connection that breaks is noticed by the statement under way.
    await client.connect();
    return {
      run: (sql, values) => withinTime(sql, runOn(client, sql, values)),
      runTogether: (statements) => {
        const sql = statements.join("; ");
        return withinTime(sql, runOn(client, sql, undefined));
      },
      close: () => client.end(),
      vanish: () => {
        // The driver's own stream; `end` would say goodbye first.
        (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
      },
    };
  };
}

async function runOn(client: pg.Client, sql: string, values: readonly number[] | undefined): Promise<Answer> {
  try {
    const given = await client.query<(string | null)[]>({
      text: sql,
      rowMode: "array",
      ...(values === undefined ? {} : { values: [...values] }),
    });
    // Of several statements the driver gives several results, whatever its types say.
    const result = [given].flat().at(-1) ?? given;
    return { command: result.command, rowCount: result.rowCount ?? 0, rows: result.rows };
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    return {
      command: "",
      rowCount: 0,
      rows: [],
      error: { sqlstate: error.code ?? "", message: error.message },
    };
  }
}

async function withinTime(sql: string, answer: Promise<Answer>): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Waits(`no answer within ${answerWithinMs} ms to: ${sql}`));
    }, answerWithinMs);
  });
  return Promise.race([answer, late]).finally(() => {
    clearTimeout(timer);
  });
}
