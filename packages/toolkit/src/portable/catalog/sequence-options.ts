/** The options of a sequence, which stand in CREATE SEQUENCE and in a column's IDENTITY alike. */

/** Columns of `pg_sequence`, as text. */
export interface SequenceOptions {
  readonly seqstart: string;
  readonly seqincrement: string;
  readonly seqmin: string;
  readonly seqmax: string;
  readonly seqcache: string;
  readonly seqcycle: boolean;
}

/** All of them are said, so that no default of a later version is mistaken for what was meant. */
export function sequenceOptions(options: SequenceOptions): string {
  const { seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle } = options;
  return (
    `INCREMENT BY ${seqincrement} MINVALUE ${seqmin} MAXVALUE ${seqmax} START WITH ${seqstart} CACHE ${seqcache}` +
    (seqcycle ? " CYCLE" : "")
  );
}
