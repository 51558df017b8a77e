/**
 * The transaction block of a session: none, opened by the client, or implicit (several statements in one Query message
 * or before one Sync).
 *
 * Always true
 * - In a failed block nothing but its end is accepted.
 * - Settings changed inside a block that does not commit are as before it.
 */
import { errors } from "@dsql-local/spec";
import { SqlError } from "../base/index.ts";
import { SequenceValues, type Settings, type SettingsFound } from "../backend/index.ts";
import type { SessionView, Transaction } from "../transaction/index.ts";
import { readyStatus } from "../wire/index.ts";
import type { ReportedParameters } from "./reported-parameters.ts";
import type { SessionServices } from "./services.ts";

export interface BlockOptions {
  readonly services: Pick<SessionServices, "coordinator">;
  readonly sessionId: number;
  readonly role: string;
  readonly settings: Settings;
  readonly reported: ReportedParameters;
}

export class Block {
  readonly #services: Pick<SessionServices, "coordinator">;
  readonly #sessionId: number;
  readonly #role: string;
  readonly #reported: ReportedParameters;
  readonly #sequences = new SequenceValues();
  #settings: Settings;
  #settingsBefore: Settings;
  /** The settings with what is local to the open transaction. */
  #inForce: Settings;
  #transaction: Transaction | undefined;
  /** To be called when the transaction has no effects any more that are not committed. */
  #whenOver: (() => void)[] = [];

  constructor(options: BlockOptions) {
    this.#services = options.services;
    this.#sessionId = options.sessionId;
    this.#role = options.role;
    this.#settings = options.settings;
    this.#settingsBefore = options.settings;
    this.#inForce = options.settings;
    this.#reported = options.reported;
  }

  get settings(): Settings {
    return this.#settings;
  }

  /** For a statement outside any transaction. */
  get sessionView(): SessionView {
    return { role: this.#role, settings: this.#settings, session: this, sequences: this.#sequences };
  }

  /** The session's settings, with what SET LOCAL has changed for the open transaction. */
  get settingsInForce(): Settings {
    return this.#inForce;
  }

  /** Takes note of a SET that PostgreSQL has run. */
  changeSettings(change: { session: Settings; inForce: Settings }): void {
    this.#settings = change.session;
    this.#inForce = change.inForce;
    if (this.#transaction === undefined) this.#settle(change.session, "commit");
  }

  /** set_config() has run, in the open transaction or alone: these settings are in force now. */
  readonly adopt = ({ settings, reported }: SettingsFound): void => {
    this.#reported.areNow(reported);
    this.#inForce = settings;
    if (this.#transaction !== undefined) return; // What of it is not local is known after COMMIT.
    this.#reported.willBe(reported);
    this.#settle(settings, "commit");
  };

  /** Has something done when the open transaction is committed, has failed or is rolled back. */
  whenOver(run: () => void): void {
    this.#whenOver.push(run);
  }

  /** The transaction is over: from now on these settings hold. */
  #settle(settings: Settings, end: "commit" | "rollback"): void {
    for (const run of this.#whenOver.splice(0)) run();
    this.#settings = settings;
    this.#settingsBefore = settings;
    this.#inForce = settings;
    this.#reported[end]();
  }

  /** For ReadyForQuery. */
  get status(): number {
    if (this.#transaction === undefined || this.#transaction.isImplicit) return readyStatus.idle;
    return this.#transaction.state === "failed" ? readyStatus.failed : readyStatus.inBlock;
  }

  get transaction(): Transaction | undefined {
    return this.#transaction;
  }

  /** The client opened it with BEGIN. */
  get isExplicit(): boolean {
    return this.#transaction !== undefined && !this.#transaction.isImplicit;
  }

  /** The server opened it for statements outside a block. */
  get isImplicit(): boolean {
    return this.#transaction?.isImplicit === true;
  }

  get isFailed(): boolean {
    return this.#transaction?.state === "failed";
  }

  /** BEGIN. @returns false when there is a block already */
  begin(): boolean {
    if (this.isExplicit) return false;
    // Statements before BEGIN in the same message belong to the block that it opens.
    if (this.#transaction !== undefined) this.#transaction.becomeBlock();
    else this.#open({ isImplicit: false });
    return true;
  }

  /** The transaction that a statement belongs to; opened for it where there is none. */
  enter(): Transaction {
    return this.#transaction ?? this.#open({ isImplicit: true });
  }

  /** @throws {SqlError} the transaction lost or its constraints are violated; it is over all the same */
  async commit(): Promise<"COMMIT" | "ROLLBACK"> {
    const transaction = this.#transaction;
    if (transaction === undefined) return "COMMIT";
    try {
      const tag = await transaction.commit();
      this.#transaction = undefined;
      const left = transaction.settingsLeft;
      if (left !== undefined) this.#reported.willBe(left.reported);
      if (tag === "COMMIT") this.#settle(left?.settings ?? this.#settings, "commit");
      else this.#settle(this.#settingsBefore, "rollback");
      return tag;
    } catch (error) {
      this.#transaction = undefined;
      this.#settle(this.#settingsBefore, "rollback");
      throw error;
    }
  }

  async rollback(): Promise<void> {
    const transaction = this.#transaction;
    this.#transaction = undefined;
    await transaction?.rollback();
    this.#settle(this.#settingsBefore, "rollback");
  }

  /** A statement failed: an explicit block waits for its end, an implicit one is over. */
  async fail(): Promise<void> {
    if (!this.isExplicit) {
      await this.rollback();
      return;
    }
    await this.#transaction?.fail();
    this.#settle(this.#settingsBefore, "rollback");
  }

  /** @throws {SqlError} 25P02 */
  refuseIfFailed(): void {
    if (this.isFailed) throw SqlError.of(errors.transactionAborted);
  }

  #open(kind: { isImplicit: boolean }): Transaction {
    this.#settingsBefore = this.#settings;
    this.#transaction = this.#services.coordinator.begin({
      ...kind,
      sessionId: this.#sessionId,
      role: this.#role,
      settings: () => this.#settings,
      searchPath: () => this.#inForce.searchPath(this.#role),
      session: this,
      sequences: this.#sequences,
      settingsChanged: this.adopt,
    });
    // What SET SESSION CHARACTERISTICS says; BEGIN may say otherwise.
    if (this.#settings.get("default_transaction_read_only") === "on")
      this.#transaction.changeAccessMode(true);
    return this.#transaction;
  }
}
