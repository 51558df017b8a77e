/**
 * Compares a copy with its source: every row of the source is in the copy with the values that it should have, and both have
 * as many. A range of keys at a time, so that no table is too large for it.
 *
 * Tests: test/migrate-change-type.test.ts.
 */
import { KeyRanges, type RangeRow } from "./batched.ts";
import { MigrationError } from "./errors.ts";
import { interrupted } from "./lease.ts";
import { primaryKey, type StepOf, type StepRun } from "./step-run.ts";

/** How far it has come, kept in the step's cursor. */
interface Place {
  /** `source`: its rows are looked up in the target. `target`: its rows are counted. */
  readonly side: "source" | "target";
  readonly sourceRows: number;
  readonly targetRows: number;
  readonly afterKey: readonly string[];
}

/** @throws {MigrationError} step: they differ; interrupted */
export async function runComparison(run: StepRun, { comparison }: StepOf<"compare">): Promise<void> {
  const { source, target, same } = comparison;
  const rangesOf = async (table: string, batched: typeof same): Promise<KeyRanges> =>
    new KeyRanges(batched, await primaryKey(run.pool, table), run.rowsPerTransaction);
  const sides = {
    source: await rangesOf(source, same),
    target: await rangesOf(target, { ...same, table: target, alias: target }),
  };
  let place = placeOf(run.entry.cursor);
  for (let isOver = false; !isOver;) {
    if (run.signal?.aborted === true) throw interrupted();
    ({ place, isOver } = await compareRange(run, sides[place.side], place));
    run.onRows(place.sourceRows);
  }
}

async function compareRange(
  run: StepRun,
  ranges: KeyRanges,
  place: Place,
): Promise<{ place: Place; isOver: boolean }> {
  return await run.lease.transaction(async (tx) => {
    const { rows } = await tx.query<RangeRow>(ranges.find(place.afterKey));
    const found = Number(rows[0]?.found ?? 0);
    const lastKey = rows[0]?.last_key ?? place.afterKey;
    if (place.side === "source" && found > 0) {
      const equal = await tx.query<{ same: string }>(ranges.change(place.afterKey, lastKey));
      const same = Number(equal.rows[0]?.same ?? 0);
      if (same !== found) throw differ(`${found - same} of ${found} rows are not as they should be`);
    }
    const isLast = found < run.rowsPerTransaction;
    const next = after(place, { found, lastKey, isLast });
    const isOver = isLast && place.side === "target";
    if (isOver && next.sourceRows !== next.targetRows)
      throw differ(`it has ${next.targetRows} rows for ${next.sourceRows}`);
    await run.ledger.markStep(
      tx,
      { id: run.id, number: run.entry.number },
      { status: isOver ? "done" : "begun", cursor: cursorOf(next) },
    );
    return { place: next, isOver };
  });
}

function after(
  { side, sourceRows, targetRows }: Place,
  range: { found: number; lastKey: readonly string[]; isLast: boolean },
): Place {
  return {
    side: range.isLast ? "target" : side,
    sourceRows: sourceRows + (side === "source" ? range.found : 0),
    targetRows: targetRows + (side === "target" ? range.found : 0),
    afterKey: range.isLast ? [] : range.lastKey,
  };
}

function placeOf([side, sourceRows = "0", targetRows = "0", ...afterKey]: readonly string[]): Place {
  return {
    side: side === "target" ? "target" : "source",
    sourceRows: Number(sourceRows),
    targetRows: Number(targetRows),
    afterKey,
  };
}

const cursorOf = ({ side, sourceRows, targetRows, afterKey }: Place): string[] => [
  side,
  String(sourceRows),
  String(targetRows),
  ...afterKey,
];

const differ = (how: string): MigrationError =>
  new MigrationError("step", `the copy differs from its source: ${how}`, {
    remedy: "Leave the old table as it is, and see which rows differ.",
  });
