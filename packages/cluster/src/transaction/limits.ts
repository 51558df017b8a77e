/** Bounds of one transaction, as options so that tests can lower them. The service's values are in `spec`. */
export interface TransactionLimits {
  /** Rows changed, counted over the whole transaction. */
  readonly rowsMax: number;
  /** Milliseconds from BEGIN. */
  readonly ageMsMax: number;
}

export const serviceLimits: TransactionLimits = { rowsMax: 3_000, ageMsMax: 300_000 };

/** Rows that a command tag reports as changed: `INSERT 0 3`, `UPDATE 3`, `DELETE 3`, `COPY 3`. */
export function changedRowsOf(tag: string): number {
  const match = /^(?:INSERT \d+|UPDATE|DELETE|COPY) (\d+)$/.exec(tag);
  return match === null ? 0 : Number(match[1]);
}
