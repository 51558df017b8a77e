/** The statements of the tools `schema` and `jobs`: from the catalog, as any client may ask for it. */
import type { AdHocStatement, BoundedResult } from "dsql-toolkit";

/** Tables and views with columns, constraints and indexes, a row each. */
export function schemaStatement(wanted: {
  readonly schema?: string | undefined;
  readonly table?: string | undefined;
}): AdHocStatement {
  return { sql: schemaSql, parameters: [wanted.schema ?? null, wanted.table ?? null] };
}

const schemaSql = `
SELECT n.nspname AS schema, c.relname AS name, CASE c.relkind WHEN 'v' THEN 'view' ELSE 'table' END AS kind,
  obj_description(c.oid, 'pg_class') AS comment,
  (SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
            'isNullable', NOT a.attnotnull, 'default', pg_get_expr(d.adbin, d.adrelid)) ORDER BY a.attnum)
   FROM pg_catalog.pg_attribute a
   LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
   WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
  (SELECT json_agg(json_build_object('name', k.conname, 'definition', pg_get_constraintdef(k.oid),
            'isValidated', k.convalidated) ORDER BY k.contype, k.conname)
   FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid) AS constraints,
  (SELECT json_agg(json_build_object('name', i.relname, 'definition', pg_get_indexdef(x.indexrelid),
            'isValid', x.indisvalid) ORDER BY i.relname)
   FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
   WHERE x.indrelid = c.oid) AS indexes
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v') AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'sys')
  AND ($1::text IS NULL OR n.nspname = $1::text) AND ($2::text IS NULL OR c.relname = $2::text)
ORDER BY n.nspname, c.relname`;

/** Newest first. */
export function jobsStatement(jobId: string | undefined): AdHocStatement {
  return {
    sql: "SELECT * FROM sys.jobs WHERE $1::text IS NULL OR job_id = $1::text ORDER BY start_time DESC",
    parameters: [jobId ?? null],
  };
}

/** Rows as objects: the catalog's columns have one name each. */
export function asObjects({ columns, rows, isTruncated }: BoundedResult): object {
  return {
    rows: rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index]]))),
    isTruncated,
  };
}
