/** Takes what a plan has added to the rows of a statement off the answer on its way to the client, and keeps it. */
import type { LimitValues } from "../../base/index.ts";
import { LockRecorder } from "./locked-rows.ts";
import { MeasuredRows } from "./measured-rows.ts";
import type { RowImages } from "./row-images.ts";
import { type AddedColumns, withoutAdded } from "./added-columns.ts";
import type { StatementPlan } from "../plan/plan.ts";
import { insertedMark } from "../plan/recording.ts";

export class RowObserver {
  readonly locks: LockRecorder | undefined;
  readonly measured: MeasuredRows | undefined;
  readonly #plan: StatementPlan;
  readonly #images: string[] = [];
  readonly #added: AddedColumns | undefined;

  constructor(plan: StatementPlan, limits: LimitValues) {
    this.#plan = plan;
    this.locks = plan.locking === undefined ? undefined : new LockRecorder(plan.locking);
    const table = plan.isMeasured ? plan.rowSize?.table : undefined;
    this.measured = table === undefined ? undefined : new MeasuredRows(table, limits);
    this.#added = this.#returned() ?? this.locks?.added;
  }

  /** How many columns the plan has added. */
  get addedColumns(): number {
    return this.#added?.count ?? 0;
  }

  /** As `ExchangeOptions.transform`. */
  get transform(): ((type: number, frame: Buffer) => Buffer | undefined) | undefined {
    return this.#added === undefined ? undefined : withoutAdded(this.#added);
  }

  /** Rows as the statement left them, where the plan has them recorded. */
  get images(): readonly RowImages[] | undefined {
    const { recording } = this.#plan;
    if (recording === undefined) return undefined;
    const { table, command, mayUpdate } = recording;
    if (!mayUpdate) return [{ table, command, rows: this.#images }];
    const withMark = (isInserted: boolean): string[] =>
      this.#images
        .filter((image) => image.startsWith(insertedMark) === isInserted)
        .map((image) => image.slice(insertedMark.length));
    return [
      { table, command: "insert", rows: withMark(true) },
      { table, command: "update", rows: withMark(false) },
    ];
  }

  /** What stands in the RETURNING list of a writing statement: the image, then the measured sizes. */
  #returned(): AddedColumns | undefined {
    const hasImage = this.#plan.recording !== undefined;
    const count = (hasImage ? 1 : 0) + (this.measured === undefined ? 0 : 1);
    if (count === 0) return undefined;
    return {
      count,
      hasRows: this.#plan.hasRows,
      take: (values) => {
        if (hasImage) this.#images.push(values[0]?.toString("utf8") ?? "");
        this.measured?.add(values.at(-1)?.toString("latin1") ?? "");
      },
    };
  }
}
