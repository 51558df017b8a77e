/** What a session knows of a kind of statement: how it runs, and what it says of columns before PostgreSQL is asked. */
import type { Kind, Statement } from "../../sql/index.ts";
import type { PreparedText, Settings } from "../../backend/index.ts";
import {
  answerWith,
  type Description,
  type Execution,
  type Outcome,
  type Sink,
} from "../../transaction/index.ts";
import type { Block } from "../block.ts";
import type { OwnContext } from "../own-statements.ts";
import type { ReportedParameters } from "../reported-parameters.ts";
import type { SessionServices } from "../services.ts";

export type Of<K extends Kind> = { readonly [S in Statement as S["kind"]]: S }[K];

/** The session, as far as its statements need it, and the places where a statement can run. */
export interface Running {
  readonly services: SessionServices;
  readonly role: string;
  readonly block: Block;
  readonly reported: ReportedParameters;
  /** Settings of the session's start. */
  readonly settingsAtStart: Settings;
  /** DEALLOCATE ALL. */
  forgetPrepared(): void;
  prepare(statement: Statement, parameterTypes: readonly number[]): PreparedText;
  commit(): Promise<"COMMIT" | "ROLLBACK">;
  /** In the client's block, or in an implicit one that is opened for it. */
  inTransaction(execution: Execution, sink: Sink): Promise<Outcome>;
  /** Without a transaction where none is open. */
  alone(execution: Execution, sink: Sink, settingsAfter?: Settings): Promise<Outcome>;
  /** Other statements in the place of the client's; their answers pass as one. */
  instead(execution: Execution, texts: readonly string[], sink: Sink): Promise<Outcome>;
  /** For what the session does itself; cancelling the statement ends it. */
  own(): OwnContext;
}

/** One statement on its way. */
export interface Run<K extends Kind> {
  readonly statement: Of<K>;
  readonly execution: Execution;
  readonly sink: Sink;
  /** Nothing else belongs to the same implicit transaction. */
  readonly isAlone: boolean;
}

export interface KindHandler<K extends Kind> {
  /** What the session says of parameters and columns itself; undefined: PostgreSQL says it. */
  describe?(statement: Of<K>): Description | undefined;
  /** @throws {SqlError} the statement failed */
  run(running: Running, run: Run<K>): Promise<Outcome>;
}

/** The answer to a statement that PostgreSQL does not see. */
export function answered(sink: Sink, tag: string): Outcome {
  return answerWith(sink, { tag });
}
