/**
 * An error that a client hears: SQLSTATE and words as Aurora DSQL sends them.
 *
 * The words come from `@dsql-local/spec` (`errors`); this class only carries them. Callers match on `sqlstate`.
 */
import type { ErrorFact } from "@dsql-local/spec";

/** What an error is about, by name; drivers and ORMs read these instead of the text. */
export interface ErrorObjects {
  readonly schema?: string | undefined;
  readonly table?: string | undefined;
  readonly column?: string | undefined;
  readonly dataType?: string | undefined;
  readonly constraint?: string | undefined;
}

export type Severity = "ERROR" | "FATAL";

export interface SqlErrorFields {
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  /** 1-based character offset in the statement as the client sent it. */
  readonly position?: number | undefined;
  readonly severity?: Severity | undefined;
  readonly objects?: ErrorObjects | undefined;
}

export class SqlError extends Error {
  readonly sqlstate: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
  readonly position: number | undefined;
  readonly severity: Severity;
  readonly objects: ErrorObjects;

  constructor(fields: SqlErrorFields, options?: { cause?: unknown }) {
    super(fields.message, options);
    this.name = "SqlError";
    this.sqlstate = fields.sqlstate;
    this.detail = fields.detail;
    this.hint = fields.hint;
    this.position = fields.position;
    this.severity = fields.severity ?? "ERROR";
    this.objects = fields.objects ?? {};
  }

  /** The same error with some fields changed; what it was is its cause. */
  with(changed: Partial<SqlErrorFields>): SqlError {
    const { sqlstate, message, detail, hint, position, severity, objects } = this;
    const fields = { sqlstate, message, detail, hint, position, severity, objects };
    return new SqlError({ ...fields, ...changed }, { cause: this });
  }

  /** The error of a fact of the service, with what is known of this case. */
  static of(fact: ErrorFact, more: Partial<SqlErrorFields> = {}): SqlError {
    return new SqlError({
      sqlstate: fact.sqlstate,
      message: fact.message,
      detail: fact.detail,
      hint: fact.hint,
      ...more,
    });
  }
}
