/** What comes after the rows: indexes, constraints that are checked over all of them, and where sequences stand. */
import { quoteLiteral } from "@dsql-local/sql";
import { type CatalogReader, isUsersRelation } from "./reader.ts";

export async function afterDataStatements(catalog: CatalogReader): Promise<string[]> {
  return [
    ...(await sequenceValues(catalog)),
    ...(await ownedSequences(catalog)),
    ...(await identitiesAlways(catalog)),
    ...(await indexes(catalog)),
    ...(await lateConstraints(catalog)),
    ...(await statistics(catalog)),
  ];
}

interface Sequence {
  readonly name: string;
  /** Of an identity column, whose sequence is found by it: its own name may be another there. */
  readonly table: string | null;
  readonly column: string | null;
}

async function sequenceValues(catalog: CatalogReader): Promise<string[]> {
  const found = await catalog.rows<Sequence>(
    `SELECT c.oid::regclass::text AS name, d.refobjid::regclass::text AS table, a.attname AS column
     FROM pg_class c
     LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i'
     LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
     WHERE c.relkind = 'S' AND ${isUsersRelation} ORDER BY c.oid`,
  );
  const statements: string[] = [];
  for (const { name, table, column } of found) {
    const [state] = await catalog.rows<{ last_value: string; is_called: boolean }>(
      `SELECT last_value, is_called FROM ${name}`,
    );
    if (state === undefined) continue;
    const sequence =
      table === null || column === null
        ? quoteLiteral(name)
        : `pg_get_serial_sequence(${quoteLiteral(table)}, ${quoteLiteral(column)})`;
    statements.push(`SELECT setval(${sequence}, ${state.last_value}, ${state.is_called})`);
  }
  return statements;
}

async function ownedSequences(catalog: CatalogReader): Promise<string[]> {
  const found = await catalog.rows<{ sql: string }>(
    `SELECT 'ALTER SEQUENCE ' || c.oid::regclass || ' OWNED BY ' || d.refobjid::regclass || '.' || quote_ident(attname) AS sql
     FROM pg_class c
     JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'a' AND d.refobjsubid > 0
     JOIN pg_attribute ON attrelid = d.refobjid AND attnum = d.refobjsubid
     WHERE c.relkind = 'S' AND ${isUsersRelation} ORDER BY c.oid`,
  );
  return found.map(({ sql }) => sql);
}

async function identitiesAlways(catalog: CatalogReader): Promise<string[]> {
  const found = await catalog.rows<{ sql: string }>(
    `SELECT 'ALTER TABLE ' || c.oid::regclass || ' ALTER COLUMN ' || quote_ident(attname) || ' SET GENERATED ALWAYS' AS sql
     FROM pg_attribute JOIN pg_class c ON c.oid = attrelid AND relkind = 'r'
     WHERE attidentity = 'a' AND NOT attisdropped AND ${isUsersRelation} ORDER BY c.oid, attnum`,
  );
  return found.map(({ sql }) => sql);
}

interface Index {
  /** What PostgreSQL writes before the columns, and what Aurora DSQL takes in its place. */
  readonly written: string;
  readonly wanted: string;
  readonly definition: string;
}

/** An index that is not valid, of a build that failed or is under way, is built from the start. */
async function indexes(catalog: CatalogReader): Promise<string[]> {
  const found = await catalog.rows<Index>(
    `SELECT 'CREATE ' || kind || 'INDEX ' || index || ' ON ' || relation || ' USING ' || amname || ' ' AS written,
            'CREATE ' || kind || 'INDEX ASYNC ' || index || ' ON ' || relation || ' ' AS wanted, definition
     FROM (SELECT c.oid, CASE WHEN indisunique THEN 'UNIQUE ' ELSE '' END AS kind, quote_ident(relname) AS index,
                  indrelid::regclass::text AS relation, amname, pg_get_indexdef(c.oid) AS definition
           FROM pg_index JOIN pg_class c ON c.oid = indexrelid JOIN pg_am ON pg_am.oid = relam
           WHERE ${isUsersRelation} AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = c.oid AND contype IN ('p', 'u'))
          ) AS found ORDER BY oid`,
  );
  return found.map(({ written, wanted, definition }) => {
    if (!definition.startsWith(written)) throw new Error(`this index is of an unknown form: ${definition}`);
    return `${wanted}${definition.slice(written.length)}`;
  });
}

/** Foreign keys, because rows may come in any order; checks that were never held against the rows that are there. */
async function lateConstraints(catalog: CatalogReader): Promise<string[]> {
  const found = await catalog.rows<{ table: string; name: string; definition: string; is_valid: boolean }>(
    `SELECT conrelid::regclass::text AS table, quote_ident(conname) AS name, pg_get_constraintdef(pg_constraint.oid) AS definition,
            convalidated AS is_valid
     FROM pg_constraint JOIN pg_class c ON c.oid = conrelid
     WHERE (contype = 'f' OR (contype = 'c' AND NOT convalidated)) AND ${isUsersRelation}
     ORDER BY pg_constraint.oid`,
  );
  return found.flatMap(({ table, name, definition, is_valid }) => [
    `ALTER TABLE ${table} ADD CONSTRAINT ${name} ${definition}${is_valid ? " NOT VALID" : ""}`,
    ...(is_valid ? [`ALTER TABLE ASYNC ${table} VALIDATE CONSTRAINT ${name}`] : []),
  ]);
}

async function statistics(catalog: CatalogReader): Promise<string[]> {
  const found = await catalog.rows<{ sql: string }>(
    `SELECT pg_get_statisticsobjdef(s.oid) AS sql FROM pg_statistic_ext s JOIN pg_class c ON c.oid = stxrelid
     WHERE ${isUsersRelation} ORDER BY s.oid`,
  );
  return found.map(({ sql }) => sql);
}
