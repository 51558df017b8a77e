/**
 * A row as text that reads back to the same row, whatever the session has set: dates in ISO form, floats with all digits.
 *
 * PostgreSQL's own output function with settings of its own. Both ways of reading back know each of these forms, whichever
 * DateStyle and IntervalStyle are set.
 */
export const rowText = `
CREATE FUNCTION pg_dsql.row_text(record) RETURNS cstring LANGUAGE internal STABLE STRICT PARALLEL SAFE AS 'record_out'
  SET extra_float_digits = 1 SET datestyle = 'ISO' SET intervalstyle = 'postgres'`;
