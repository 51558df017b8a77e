/**
 * The declared width of keys: the sizes that the columns of a key are declared with, 2,000 bytes together at most. Judged
 * once PostgreSQL has made the index, so that its catalog says what the columns are; the statement fails afterwards.
 *
 * Source: AWS Labs' DSQL skill, limits (measured 2026-10): a `varchar(2000)` passes, and fails when a value is too large.
 */
import { limits, loweredLimitDetail } from "@dsql-local/spec";
import { SqlError } from "../../base/index.ts";
import type { Requester } from "../../backend/index.ts";

// Indexes that the transaction has made itself are newer than its snapshot. What is declared without a length counts nothing.
const widestDeclared = `
SELECT pg_catalog.max(width) FROM (
  SELECT pg_catalog.sum(CASE WHEN t.typlen > 0 THEN t.typlen
                  WHEN t.typname IN ('varchar', 'bpchar') AND a.atttypmod > 4 THEN a.atttypmod - 4 ELSE 0 END) AS width
  FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indexrelid AND a.attnum <= i.indnkeyatts
  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  WHERE i.xmin::pg_catalog.text::pg_catalog.int8 >= (pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text::pg_catalog.int8 & 4294967295)
  GROUP BY i.indexrelid) AS made`;

/**
 * @param hold - of the transaction that has made the indexes
 * @throws {SqlError} 54000 one of them has too wide a key
 */
export async function checkDeclaredKeys(hold: Requester, bytesMax: number): Promise<void> {
  const { rows } = await hold.request(widestDeclared);
  if (Number(rows[0]?.[0] ?? 0) > bytesMax) {
    throw SqlError.of(limits.declaredKeyBytesMax, {
      detail: loweredLimitDetail("declaredKeyBytesMax", bytesMax),
    });
  }
}
