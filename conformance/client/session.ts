/**
 * A logged-in session: start-up, then statements one at a time.
 */
import type { BackendMessage, Column, ErrorFields, TransactionStatus } from "./backend.ts";
import { Connection } from "./connection.ts";
import * as frontend from "./frontend.ts";
import { type Negotiation, openTransport, type Target } from "./transport.ts";

/** What a refused statement or login answered. */
export class ServerError extends Error {
  override readonly name = "ServerError";
  readonly fields: ErrorFields;

  constructor(fields: ErrorFields) {
    super(`${fields["C"] ?? "?????"}: ${fields["M"] ?? ""}`);
    this.fields = fields;
  }

  get sqlstate(): string {
    return this.fields["C"] ?? "";
  }

  /** The message as the server wrote it, without the SQLSTATE. */
  get text(): string {
    return this.fields["M"] ?? "";
  }
}

export interface Answer {
  /** Rows in text format. */
  readonly rows: readonly (readonly (string | null)[])[];
  readonly columns: readonly Column[];
  /** The last command's tag, such as `UPDATE 1`; absent after an error. */
  readonly tag?: string;
  readonly error?: ServerError;
  readonly status: TransactionStatus;
}

export interface LoginOptions {
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly negotiation?: Negotiation;
}

export interface Extended {
  readonly values?: readonly frontend.Parameter[];
  readonly types?: readonly number[];
  readonly withinMs?: number;
}

const authenticationOk = 0;
const authenticationCleartextPassword = 3;

export class Session {
  readonly connection: Connection;
  /** What ParameterStatus messages said at start-up. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly processId: number;
  readonly secretKey: Buffer;
  #status: TransactionStatus = "I";

  private constructor(connection: Connection, greeting: readonly BackendMessage[]) {
    const key = greeting.find((message) => message.type === "BackendKeyData");
    this.connection = connection;
    this.parameters = new Map(
      greeting
        .filter((message) => message.type === "ParameterStatus")
        .map(({ name, value }) => [name, value]),
    );
    this.processId = key?.processId ?? 0;
    this.secretKey = key?.secretKey ?? Buffer.alloc(4);
  }

  /** @throws {ServerError} the server refuses the login */
  static async open(target: Target, options: LoginOptions = {}): Promise<Session> {
    const connection = new Connection(await openTransport(target, options.negotiation));
    try {
      return new Session(connection, await logIn(connection, target, options));
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }

  /** The status in the last ReadyForQuery: idle, in a block, in a failed block. */
  get status(): TransactionStatus {
    return this.#status;
  }

  /** One simple Query message. A server's refusal is an answer, not an exception. */
  query(sql: string, withinMs?: number): Promise<Answer> {
    this.connection.send(frontend.query(sql));
    return this.#answer(withinMs);
  }

  /** One statement by the extended protocol, unnamed and in text format. */
  execute(sql: string, { values = [], types = [], withinMs }: Extended = {}): Promise<Answer> {
    this.connection.send(
      frontend.parse(sql, { types }),
      frontend.bind({ values }),
      frontend.describePortal(),
      frontend.execute(),
      frontend.sync(),
    );
    return this.#answer(withinMs);
  }

  /** Says goodbye and waits until the server has closed. */
  async close(): Promise<void> {
    this.connection.send(frontend.terminate());
    await this.connection.closed;
  }

  async #answer(withinMs?: number): Promise<Answer> {
    const answer = summarize(await this.connection.nextUntil("ReadyForQuery", withinMs));
    this.#status = answer.status;
    return answer;
  }
}

async function logIn(
  connection: Connection,
  target: Target,
  options: LoginOptions,
): Promise<BackendMessage[]> {
  const user = options.user ?? target.user;
  const database = options.database ?? target.database;
  connection.send(frontend.startup({ user, database, ...options.parameters }));
  const greeting: BackendMessage[] = [];
  for (;;) {
    const message = await connection.next();
    greeting.push(message);
    if (message.type === "ErrorResponse") throw new ServerError(message.fields);
    if (message.type === "ReadyForQuery") return greeting;
    if (message.type !== "Authentication" || message.code === authenticationOk) continue;
    if (message.code !== authenticationCleartextPassword) {
      throw new Error(
        `the server asks for authentication ${message.code}; this client knows cleartext passwords only`,
      );
    }
    connection.send(frontend.password(options.password ?? (await target.password(user))));
  }
}

/** What the messages up to ReadyForQuery come to. */
export function summarize(messages: readonly BackendMessage[]): Answer {
  let rows: (string | null)[][] = [];
  let columns: readonly Column[] = [];
  let tag: string | undefined;
  let error: ServerError | undefined;
  let status: TransactionStatus = "I";
  for (const message of messages) {
    if (message.type === "RowDescription") {
      columns = message.columns;
      rows = [];
    } else if (message.type === "DataRow") {
      rows.push(message.values.map((value) => value?.toString() ?? null));
    } else if (message.type === "CommandComplete") tag = message.tag;
    else if (message.type === "ErrorResponse") error ??= new ServerError(message.fields);
    else if (message.type === "ReadyForQuery") status = message.status;
  }
  return {
    rows,
    columns,
    status,
    ...(error === undefined ? {} : { error }),
    ...(tag === undefined || error !== undefined ? {} : { tag }),
  };
}
