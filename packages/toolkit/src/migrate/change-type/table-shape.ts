/** What the catalog says of a table that is to be made anew, and of what holds on to it. */
import type { Pool, QueryResultRow } from "pg";
import { sqlstateOf } from "../../errors.ts";
import { autocommit } from "../database.ts";
import { MigrationError } from "../errors.ts";
import { primaryKey } from "../step-run.ts";
import type { TypeChange } from "../types.ts";

export interface TableShape {
  readonly schema: string;
  readonly name: string;
  readonly owner: string;
  /** Whether the role that migrates is the owner itself, not only a member of it. */
  readonly is_owner: boolean;
  readonly comment: string | null;
  readonly columns: readonly ColumnShape[];
  /** Of the primary key, in its order; none: the table has no primary key. */
  readonly key: readonly string[];
  /** All but NOT NULL, which columns have. */
  readonly constraints: readonly ConstraintShape[];
  /** Foreign keys of other tables that refer to this one. */
  readonly references: readonly ReferenceShape[];
  /** Also those of unique constraints, without the primary key's. */
  readonly indexes: readonly IndexShape[];
  readonly grants: readonly GrantShape[];
  /** As `CREATE STATISTICS` statements. */
  readonly statistics: readonly string[];
  /** Whether a cast leads from the column's new type to the one that it has. */
  readonly canGoBack: boolean;
}

type TableRow = Pick<TableShape, "schema" | "name" | "owner" | "is_owner" | "comment">;

export interface ColumnShape {
  readonly name: string;
  readonly type: string;
  readonly not_null: boolean;
  /** A default, or a generation expression if `is_generated`. */
  readonly expression: string | null;
  readonly is_generated: boolean;
  readonly identity: "ALWAYS" | "BY DEFAULT" | null;
  /** Quoted, with its schema: that of an identity or of a default which the column owns. */
  readonly sequence: string | null;
  /** Of an identity: `START WITH 1 …`. */
  readonly sequence_options: string | null;
  readonly comment: string | null;
}

export interface ConstraintShape {
  readonly name: string;
  /** As pg_constraint.contype: `p`, `u`, `c`, `f`. */
  readonly kind: string;
  readonly is_valid: boolean;
  readonly definition: string;
}

export interface ReferenceShape {
  /** Quoted, with its schema. */
  readonly table: string;
  readonly name: string;
  readonly definition: string;
}

export interface IndexShape {
  readonly name: string;
  readonly is_unique: boolean;
  readonly is_constraint: boolean;
  readonly definition: string;
}

export interface GrantShape {
  readonly privileges: string;
  /** Quoted, or PUBLIC. */
  readonly grantee: string;
  readonly is_grantable: boolean;
}

/** @throws {MigrationError} step: there is no such table or column */
export async function readTable(pool: Pool, { table, column, type }: TypeChange): Promise<TableShape> {
  const read = <Row extends QueryResultRow>(sql: string): Promise<Row[]> =>
    autocommit<Row>(pool, sql, [table]);
  const [found] = await read<TableRow>(tableQuery);
  const columns = await read<ColumnShape>(columnsQuery);
  const changed = columns.find(({ name }) => name === column);
  if (found === undefined || changed === undefined)
    throw new MigrationError("step", `there is no column ${column} of ${table}`, {
      remedy: "Name it as it is in the database, with its schema.",
    });
  return {
    ...found,
    columns,
    key: await primaryKey(pool, table),
    constraints: await read(constraintsQuery),
    references: await read(referencesQuery),
    indexes: await read(indexesQuery),
    grants: await read(grantsQuery),
    statistics: (await read<{ definition: string }>(statisticsQuery)).map(({ definition }) => definition),
    canGoBack: await canCast(pool, type, changed.type),
  };
}

const cannotCoerce = "42846";

async function canCast(pool: Pool, from: string, to: string): Promise<boolean> {
  try {
    await autocommit(pool, `SELECT CAST(CAST(NULL AS ${from}) AS ${to})`);
    return true;
  } catch (error) {
    if (sqlstateOf(error) === cannotCoerce) return false;
    throw error;
  }
}

/** Whether only the column itself would have to move. */
export async function isFreeStanding(pool: Pool, { table, column }: TypeChange): Promise<boolean> {
  return (await autocommit(pool, dependentsQuery, [table, column])).length === 0;
}

/** What would stay with the old table or column, and cannot be made again by a statement of ours. */
export async function blockersOf(pool: Pool, { table, column }: TypeChange): Promise<string[]> {
  const found = await autocommit<{ object: string }>(pool, blockersQuery, [table, column]);
  return found.map(({ object }) => object);
}

const qualified = (relation: string): string =>
  `(SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ${relation})`;

const tableQuery = `
  SELECT n.nspname AS schema, c.relname AS name, pg_get_userbyid(c.relowner) AS owner,
    pg_get_userbyid(c.relowner) = current_user AS is_owner, obj_description(c.oid, 'pg_class') AS comment
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = to_regclass($1)`;

const columnsQuery = `
  SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS not_null,
    pg_get_expr(d.adbin, d.adrelid) AS expression, a.attgenerated <> '' AS is_generated,
    CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END AS identity,
    ${qualified("s.seqrelid")} AS sequence,
    CASE WHEN a.attidentity <> '' THEN format('INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s CACHE %s%s',
      s.seqincrement, s.seqmin, s.seqmax, s.seqstart, s.seqcache, CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END) END AS sequence_options,
    col_description(a.attrelid, a.attnum) AS comment
  FROM pg_attribute a
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LEFT JOIN pg_depend p ON p.refclassid = 'pg_class'::regclass AND p.refobjid = a.attrelid AND p.refobjsubid = a.attnum
    AND p.classid = 'pg_class'::regclass AND p.deptype IN ('a', 'i') AND p.objid IN (SELECT seqrelid FROM pg_sequence)
  LEFT JOIN pg_sequence s ON s.seqrelid = p.objid
  WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY a.attnum`;

const constraintsQuery = `
  SELECT conname AS name, contype AS kind, convalidated AS is_valid, pg_get_constraintdef(oid) AS definition
  FROM pg_constraint WHERE conrelid = to_regclass($1) AND contype IN ('p', 'u', 'c', 'f')
  ORDER BY contype, conname`;

const referencesQuery = `
  SELECT ${qualified("k.conrelid")} AS table, k.conname AS name, pg_get_constraintdef(k.oid) AS definition
  FROM pg_constraint k
  WHERE k.confrelid = to_regclass($1) AND k.conrelid <> k.confrelid AND k.contype = 'f'
  ORDER BY 1, 2`;

const indexesQuery = `
  SELECT c.relname AS name, i.indisunique AS is_unique, pg_get_indexdef(i.indexrelid) AS definition,
    EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype = 'u') AS is_constraint
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  WHERE i.indrelid = to_regclass($1) AND NOT i.indisprimary
  ORDER BY c.relname`;

const grantsQuery = `
  WITH granted AS (
    SELECT acl.grantee, acl.is_grantable, acl.privilege_type AS privilege
    FROM pg_class c, aclexplode(c.relacl) acl WHERE c.oid = to_regclass($1) AND acl.grantee <> c.relowner
    UNION ALL
    SELECT acl.grantee, acl.is_grantable, acl.privilege_type || ' (' || quote_ident(a.attname) || ')'
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid, aclexplode(a.attacl) acl
    WHERE c.oid = to_regclass($1) AND acl.grantee <> c.relowner)
  SELECT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END AS grantee, is_grantable,
    string_agg(privilege, ', ' ORDER BY privilege) AS privileges
  FROM granted GROUP BY 1, 2 ORDER BY 1, 2`;

const statisticsQuery = `
  SELECT pg_get_statisticsobjdef(oid) AS definition FROM pg_statistic_ext
  WHERE stxrelid = to_regclass($1) ORDER BY stxname`;

const dependentsQuery = `
  SELECT 1 FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid
  WHERE i.indrelid = to_regclass($1) AND a.attname = $2 AND (
    (a.attnum = ANY (i.indkey::int2[]) AND NOT i.indisprimary)
    OR a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]) OR i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)
  UNION ALL
  SELECT 1 FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = to_regclass($1) AND a.attname = $2
  WHERE (k.conrelid = a.attrelid AND a.attnum = ANY (k.conkey) AND k.contype <> 'p')
    OR (k.confrelid = a.attrelid AND a.attnum = ANY (k.confkey))
  UNION ALL
  SELECT 1 FROM pg_attribute
  WHERE attrelid = to_regclass($1) AND attname = $2
    AND (attnotnull OR atthasdef OR attidentity <> '' OR attacl IS NOT NULL OR col_description(attrelid, attnum) IS NOT NULL)
  UNION ALL
  SELECT 1 FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = to_regclass($1) AND a.attname = $2
    AND d.classid IN ('pg_rewrite'::regclass, 'pg_proc'::regclass, 'pg_attrdef'::regclass, 'pg_statistic_ext'::regclass)`;

const blockersQuery = `
  SELECT DISTINCT 'view ' || v.oid::regclass AS object
  FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class v ON v.oid = r.ev_class
  WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = to_regclass($1)
  UNION ALL
  SELECT DISTINCT 'function ' || d.objid::regprocedure
  FROM pg_depend d JOIN pg_class c ON c.oid = to_regclass($1)
  LEFT JOIN pg_type t ON t.oid = c.reltype
  WHERE d.classid = 'pg_proc'::regclass AND (
    (d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid)
    OR (d.refclassid = 'pg_type'::regclass AND d.refobjid IN (t.oid, t.typarray)))
  UNION ALL
  SELECT 'foreign key ' || k.conname || ' of ' || k.conrelid::regclass
  FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = to_regclass($1) AND a.attname = $2
  WHERE k.contype = 'f' AND ((k.conrelid = a.attrelid AND a.attnum = ANY (k.conkey))
    OR (k.confrelid = a.attrelid AND a.attnum = ANY (k.confkey)))
  UNION ALL
  SELECT 'index ' || i.indexrelid::regclass || ', which is not valid'
  FROM pg_index i WHERE i.indrelid = to_regclass($1) AND NOT i.indisvalid`;
