import type { Report } from "../report.ts";

/** A run that was ended because a thread of it died: what the others counted is all there, of that thread what it had told. */
export class LoadThreadError extends Error {
  /** Nobody counted the calls that the thread had under way, nor those that ended since it last told of itself. */
  readonly report: Report;

  constructor(report: Report, deaths: readonly unknown[], threads: number) {
    const [first] = deaths;
    const reason = first instanceof Error ? first.message : String(first);
    super(`${deaths.length} of ${threads} threads died: ${reason}`, { cause: first });
    this.name = "LoadThreadError";
    this.report = { ...report, wasAborted: true };
  }
}
