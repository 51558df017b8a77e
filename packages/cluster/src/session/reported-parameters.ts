/**
 * What the server reports of its settings to the client (ParameterStatus): at the start, after SET, and when the end of
 * a block takes a SET back.
 *
 * The set that the service sends was never published, so this is PostgreSQL 16's with the service's version and time zone.
 */
import { identity } from "@dsql-local/spec";
import { PassingSink, type Sink } from "../transaction/index.ts";
import { backendType, decodeParameterStatus, encodeBackend } from "../wire/index.ts";

/** How long a change lasts: SET beyond its block if that commits, SET LOCAL within it. */
export type SettingScope = "session" | "local";

type Values = ReadonlyMap<string, string>;

export class ReportedParameters {
  readonly #write: (frame: Buffer) => void;
  /** As they are without the open block. */
  #before: Values;
  /** As they are if the open block commits. */
  #after: Values;
  /** As the client knows them. */
  #told: Values;

  /**
   * @param settings - PostgreSQL's own form of the settings that the client asked for
   * @param write - sends a frame to the client
   */
  constructor(user: string, settings: Values, write: (frame: Buffer) => void) {
    this.#write = write;
    const initial = new Map(
      [...initialValues(user)].map(([name, value]) => [name, settings.get(name) ?? value]),
    );
    this.#before = initial;
    this.#after = initial;
    this.#told = initial;
  }

  /** At the start of the session. */
  tellAll(): void {
    for (const [name, value] of this.#told) this.#write(encodeBackend.parameterStatus(name, value));
  }

  /** PostgreSQL has reported a change, and the client hears of it. */
  note(name: string, value: string, scope: SettingScope): void {
    if (scope === "session") this.#after = new Map(this.#after).set(name, value);
    this.#told = new Map(this.#told).set(name, value);
  }

  /** What is in force, in the open block, and the client hears of. */
  areNow(values: Values): void {
    this.#tell(new Map([...this.#told, ...values]));
  }

  /** What will hold if the open block commits. */
  willBe(values: Values): void {
    this.#after = new Map([...this.#after, ...values]);
  }

  /** The block is committed, or there was none: what was local is over. */
  commit(): void {
    this.#before = this.#after;
    this.#tell(this.#after);
  }

  /** The block is taken back, and what it had set. */
  rollback(): void {
    this.#after = this.#before;
    this.#tell(this.#before);
  }

  #tell(values: Values): void {
    if (this.#told === values) return;
    for (const [name, value] of values) {
      if (this.#told.get(name) !== value) this.#write(encodeBackend.parameterStatus(name, value));
    }
    this.#told = values;
  }
}

/** Takes note of the changes that PostgreSQL reports in the answer to a statement. */
export class NotingSink extends PassingSink {
  readonly #note: (name: string, value: string) => void;

  constructor(sink: Sink, note: (name: string, value: string) => void) {
    super(sink);
    this.#note = note;
  }

  frame(frame: Buffer): void {
    if (frame[0] === backendType.parameterStatus) {
      const { name, value } = decodeParameterStatus(frame);
      this.#note(name, value);
    }
    this.sink.frame(frame);
  }
}

/** Names as PostgreSQL writes them. */
export const reportedSettings = [
  "application_name",
  "client_encoding",
  "DateStyle",
  "IntervalStyle",
  "TimeZone",
] as const;

function initialValues(user: string): Values {
  return new Map([
    ["application_name", ""],
    ["client_encoding", "UTF8"],
    ["DateStyle", "ISO, MDY"],
    ["default_transaction_read_only", "off"],
    ["in_hot_standby", "off"],
    ["integer_datetimes", "on"],
    ["IntervalStyle", "postgres"],
    ["is_superuser", "off"],
    ["server_encoding", "UTF8"],
    ["server_version", identity.serverVersion],
    ["session_authorization", user],
    ["standard_conforming_strings", "on"],
    ["TimeZone", "UTC"],
  ]);
}
