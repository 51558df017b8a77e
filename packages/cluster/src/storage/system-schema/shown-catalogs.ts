/**
 * PostgreSQL's catalogs as clients of the service see them.
 *
 * For each of PostgreSQL's own tables in which something of the cluster's shows, or in which the service differs, there is
 * a view of the same name and columns in `pg_dsql_catalog`. A client's statement that names the table is given the view
 * (sql/shown-catalogs.ts); every system view over such a table is defined anew over its view.
 *
 * What the views change
 * - Nothing in a schema of the cluster's (`pg_dsql…`, `aws_dsql`), and no temporary table, is there.
 * - What PostgreSQL's superuser owns or has granted belongs to `admin`.
 * - Indexes are of the access method `btree_index`; that of a primary key includes every other column.
 *
 * Source: the projects that reported the service's answers, named in docs/compatibility.md.
 * Tests: test/catalog.test.ts, test/psql.test.ts.
 */
import { quoteLiteral } from "@dsql-local/sql";
import {
  hiddenSchemas,
  type ShownCatalog,
  shownCatalogRowsSchema,
  shownCatalogSchema,
} from "../../base/index.ts";
import { administratorOid, databaseOwner, firstClientOid, superuserOid, systemRoleOid } from "./roles.ts";

// PostgreSQL gives no system columns to a view, but a column of a view may have the name of one.
const systemColumns = ["tableoid", "xmin", "xmax", "cmin", "cmax", "ctid"];

const qualified = (relation: string, columns: readonly string[]): string =>
  columns.map((name) => `${relation}.${name}`).join(", ");

/** What a view takes its rows from, under the name `t`. */
interface Shown {
  readonly from: string;
  readonly where: string;
  /** What stands in the place of a column. */
  readonly instead?: Readonly<Record<string, string>>;
}

const hiddenNames = hiddenSchemas.map((name) => `'${name}'`).join(", ");
const hiddenOids = hiddenSchemas.map((name) => `'${name}'::regnamespace::oid`).join(", ");

const isOurs = (schema: string): string => `${schema} = ANY (ARRAY[${hiddenOids}])`;

/** Temporary schemas are this backend's or another's; they are made when they are first needed. */
const isShownSchema = (schema: string): string =>
  `NOT ${isOurs(schema)} AND (${schema} < ${firstClientOid}
     OR (${schema} <> pg_my_temp_schema() AND NOT pg_is_other_temp_schema(${schema})))`;

const isShownClass = (relation: string): string =>
  `${relation}.relpersistence <> 't' AND NOT ${isOurs(`${relation}.relnamespace`)}`;

/**
 * Of a relation's oid alone, so that PostgreSQL plans a join with the view as one with its own table: what is between the
 * first schema of the cluster's and the clients' first object is the cluster's, but for what it shows in `sys`. `show_catalog` puts the
 * oids in. A temporary table is no other session's business, for none is ever committed, and `pg_class` shows none.
 */
const isShownRelation = (relation: string): string =>
  `(${relation} < $first_hidden OR ${relation} >= ${firstClientOid} OR ${relation} = ANY ($shown_in_sys))`;

const owner = (column: string): string =>
  `CASE t.${column} WHEN ${superuserOid} THEN ${administratorOid}::oid ELSE t.${column} END`;
const acl = (column: string): string => `pg_dsql.shown_acl(t.${column})`;

const only = (name: string, where: string, instead: Shown["instead"] = {}): Shown => ({
  from: `pg_catalog.${name} AS t`,
  where,
  instead,
});

/** A catalog of which only the owner, and the grants if there are any, are told otherwise. */
const owned = (name: string, ownerColumn: string, aclColumn?: string): Shown =>
  only(name, "true", {
    [ownerColumn]: owner(ownerColumn),
    ...(aclColumn === undefined ? {} : { [aclColumn]: acl(aclColumn) }),
  });

/** `k` is what is kept of a client's primary key: joined by its own key, it costs nothing where it is not asked for. */
const withKeyOf = (name: string, index: string): string =>
  `pg_catalog.${name} AS t LEFT JOIN pg_dsql.primary_key AS k ON k.indexrelid = t.${index}`;

const shown: Readonly<Record<ShownCatalog, Shown>> = {
  pg_namespace: only(
    "pg_namespace",
    `t.nspname NOT IN (${hiddenNames}) AND t.nspname !~ '^pg_(toast_)?temp_'`,
    {
      nspowner: owner("nspowner"),
      nspacl: acl("nspacl"),
    },
  ),
  pg_class: {
    from: withKeyOf("pg_class", "oid"),
    where: isShownClass("t"),
    instead: {
      relowner: owner("relowner"),
      relacl: acl("relacl"),
      relnatts: "COALESCE(k.indnatts, t.relnatts)",
      // Tables do not lie in pages, and of indexes and sequences nothing is counted. A table's rows are those of ANALYZE.
      relpages: `CASE WHEN t.oid >= ${firstClientOid} THEN 0 ELSE t.relpages END`,
      reltuples: `CASE WHEN t.oid >= ${firstClientOid} AND t.relkind <> 'r' THEN -1::float4 ELSE t.reltuples END`,
    },
  },
  pg_attribute: {
    from: `(SELECT t.*, ${qualified("t", systemColumns)} FROM pg_catalog.pg_attribute AS t
      UNION ALL SELECT t.*, 'pg_catalog.pg_attribute'::regclass::oid, ${qualified("t", systemColumns.slice(1))}
      FROM pg_dsql.included_attribute AS t) AS t`,
    where: isShownRelation("t.attrelid"),
    instead: {
      // Text-like values are compressed.
      attcompression: `CASE WHEN t.attrelid >= ${firstClientOid} AND t.attnum > 0 AND t.attlen = -1 AND t.attstorage <> 'p'
        AND t.attcompression = '' AND (SELECT r.relkind FROM pg_catalog.pg_class AS r WHERE r.oid = t.attrelid) = 'r'
        THEN 'l'::"char" ELSE t.attcompression END`,
      attacl: acl("attacl"),
    },
  },
  pg_attrdef: only("pg_attrdef", isShownRelation("t.adrelid")),
  pg_index: {
    from: withKeyOf("pg_index", "indexrelid"),
    where: isShownRelation("t.indexrelid"),
    instead: {
      indnatts: "COALESCE(k.indnatts, t.indnatts)",
      indkey: "COALESCE(k.indkey, t.indkey)",
    },
  },
  pg_constraint: only("pg_constraint", isShownSchema("t.connamespace")),
  pg_rewrite: only("pg_rewrite", isShownRelation("t.ev_class")),
  pg_sequence: only("pg_sequence", isShownRelation("t.seqrelid")),
  pg_type: only("pg_type", isShownSchema("t.typnamespace"), {
    typowner: owner("typowner"),
    typacl: acl("typacl"),
  }),
  pg_proc: only("pg_proc", isShownSchema("t.pronamespace"), {
    proowner: owner("proowner"),
    proacl: acl("proacl"),
  }),
  pg_am: only("pg_am", "t.amname IN ('btree', 'heap')", {
    amname: `CASE t.amname WHEN 'btree' THEN 'btree_index'::name ELSE 'btree_table'::name END`,
  }),
  pg_collation: owned("pg_collation", "collowner"),
  pg_conversion: owned("pg_conversion", "conowner"),
  pg_extension: owned("pg_extension", "extowner"),
  pg_language: owned("pg_language", "lanowner", "lanacl"),
  pg_opclass: owned("pg_opclass", "opcowner"),
  pg_operator: owned("pg_operator", "oprowner"),
  pg_opfamily: owned("pg_opfamily", "opfowner"),
  pg_tablespace: owned("pg_tablespace", "spcowner", "spcacl"),
  pg_ts_config: owned("pg_ts_config", "cfgowner"),
  pg_ts_dict: owned("pg_ts_dict", "dictowner"),
  pg_init_privs: only("pg_init_privs", "true", { initprivs: acl("initprivs") }),
  // The service has no event triggers and grants no parameters; the cluster does.
  pg_event_trigger: only("pg_event_trigger", "false"),
  pg_parameter_acl: only("pg_parameter_acl", "false"),
  pg_auth_members: only("pg_auth_members", `t.member <> ${systemRoleOid} AND t.roleid <> ${systemRoleOid}`, {
    grantor: owner("grantor"),
  }),
  pg_database: only("pg_database", "t.datname = 'postgres'", {
    datdba: owner("datdba"),
    datacl: acl("datacl"),
  }),
};

/** Every session has a query processor of its own, so it sees no other. */
const ownSessionOnly = "(t.pid = pg_backend_pid() OR pg_dsql.is_cluster())";

/** Views of PostgreSQL's over functions, and what of them clients see. */
const narrowed: Readonly<Record<string, Pick<Shown, "where" | "instead">>> = {
  pg_roles: {
    where: `t.oid NOT IN (${superuserOid}, ${systemRoleOid})`,
    instead: { rolsuper: `(t.rolsuper OR t.rolname = '${databaseOwner}')` },
  },
  // Measured empty, where PostgreSQL lists what its files hold.
  pg_available_extensions: { where: "false" },
  pg_available_extension_versions: { where: "false" },
  // A password is the system's own.
  pg_shadow: {
    where: `t.usesysid NOT IN (${superuserOid}, ${systemRoleOid})`,
    instead: { passwd: 'NULL::text COLLATE "C"' },
  },
  pg_stat_activity: {
    where: ownSessionOnly,
    instead: { query: "pg_dsql.plain_names(t.query)" },
  },
  pg_locks: { where: ownSessionOnly },
  // The connection is the client's with the cluster, not the cluster's with PostgreSQL; seen so on the service.
  pg_stat_ssl: {
    where: ownSessionOnly,
    instead: {
      ssl: "true",
      version: "'TLSv1.3'::text",
      cipher: "'TLS_AES_128_GCM_SHA256'::text",
      bits: "128",
    },
  },
  pg_stat_gssapi: { where: ownSessionOnly },
  pg_settings: {
    where: "true",
    instead: { setting: "COALESCE(pg_dsql.identity_setting(t.name), t.setting)" },
  },
  // What a backend keeps prepared or open belongs to whoever it serves by turns.
  pg_prepared_statements: { where: "pg_dsql.is_cluster()" },
  pg_cursors: { where: "pg_dsql.is_cluster()" },
  // Names of functions and texts of patterns that some session has used.
  pg_backend_memory_contexts: { where: "true", instead: { ident: "NULL::text" } },
  // The values that are common in PostgreSQL's catalogs name roles and schemas.
  pg_stats: { where: "t.schemaname <> 'pg_catalog' OR pg_dsql.is_cluster()" },
  // Reported empty: https://github.com/drizzle-team/drizzle-orm/pull/4869.
  pg_stat_all_indexes: { where: "pg_dsql.is_cluster()" },
};

const viewMaker = `
CREATE FUNCTION pg_dsql.column_list(catalog regclass, instead jsonb) RETURNS text LANGUAGE sql
RETURN (
  SELECT string_agg(COALESCE($2->>attname || ' AS ' || quote_ident(attname), 't.' || quote_ident(attname)), ', ' ORDER BY attnum)
  FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped
);
CREATE FUNCTION pg_dsql.show_catalog(catalog regclass, shown jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  columns_of_rows text := ', ${qualified("t", systemColumns)}';
  condition text := shown->>'where';
  place record;
BEGIN
  condition := replace(condition, '$first_hidden', '${hiddenSchemas[0]}'::regnamespace::oid::text);
  condition := replace(condition, '$shown_in_sys',
    (SELECT quote_literal(array_agg(oid)) || '::oid[]' FROM pg_class WHERE relnamespace = 'sys'::regnamespace));
  FOR place IN VALUES ('${shownCatalogSchema}', ''), ('${shownCatalogRowsSchema}', columns_of_rows) LOOP
    EXECUTE format('CREATE VIEW %s.%s AS SELECT %s%s FROM %s WHERE %s',
      place.column1, catalog, pg_dsql.column_list(catalog, shown->'instead'), place.column2, shown->>'from', condition);
    EXECUTE format('GRANT SELECT ON %s.%s TO PUBLIC', place.column1, catalog);
  END LOOP;
END
$$;
CREATE FUNCTION pg_dsql.redefine_view(system_view regclass, definition text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  options text[];
BEGIN
  SELECT reloptions INTO options FROM pg_class WHERE oid = system_view;
  EXECUTE format('CREATE OR REPLACE VIEW %s.%I %s AS %s',
    (SELECT relnamespace::regnamespace FROM pg_class WHERE oid = system_view),
    (SELECT relname FROM pg_class WHERE oid = system_view),
    'WITH (' || array_to_string(options, ', ') || ')',
    definition);
END
$$`;

/** Two functions of the information schema's take rows of PostgreSQL's tables; these take rows of the views. */
const trueTypes = `
CREATE FUNCTION pg_dsql._pg_truetypid(${shownCatalogRowsSchema}.pg_attribute, ${shownCatalogRowsSchema}.pg_type) RETURNS oid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN CASE WHEN $2.typtype = 'd' THEN $2.typbasetype ELSE $1.atttypid END;
CREATE FUNCTION pg_dsql._pg_truetypmod(${shownCatalogRowsSchema}.pg_attribute, ${shownCatalogRowsSchema}.pg_type) RETURNS int4
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN CASE WHEN $2.typtype = 'd' THEN $2.typtypmod ELSE $1.atttypmod END`;

/**
 * Definitions are printed with PostgreSQL's tables unqualified, and read again with the views found first; `'pg_class'::regclass`
 * stays what it is.
 */
const systemViews = `
DO $$
DECLARE
  system_view record;
BEGIN
  FOR system_view IN
    SELECT c.oid, pg_dsql.original_pg_get_viewdef(c.oid) AS definition
    FROM pg_class AS c
    WHERE c.relkind = 'v' AND c.relnamespace IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
      AND pg_dsql.original_pg_get_viewdef(c.oid) ~ '\\m(${Object.keys(shown).join("|")})\\M'
  LOOP
    SET LOCAL search_path TO ${shownCatalogRowsSchema}, pg_catalog;
    system_view.definition := regexp_replace(system_view.definition, '''(pg_\\w+)''::regclass', '''pg_catalog.\\1''::regclass', 'g');
    system_view.definition := regexp_replace(system_view.definition, 'information_schema\\.(_pg_truetyp)', 'pg_dsql.\\1', 'g');
    PERFORM pg_dsql.redefine_view(system_view.oid, system_view.definition);
    RESET search_path;
  END LOOP;
END
$$`;

const narrowedView = ([name, { where, instead = {} }]: [
  string,
  Pick<Shown, "where" | "instead">,
]): string => `
SELECT pg_dsql.redefine_view('pg_catalog.${name}', format('SELECT %s FROM (%s) AS t WHERE ${where.replaceAll("'", "''")}',
  pg_dsql.column_list('pg_catalog.${name}', ${json(instead)}), rtrim(pg_dsql.original_pg_get_viewdef('pg_catalog.${name}'::regclass), ';')))`;

function json(value: unknown): string {
  return `${quoteLiteral(JSON.stringify(value))}::jsonb`;
}

export const shownCatalogViews = [
  `CREATE SCHEMA ${shownCatalogSchema}; CREATE SCHEMA ${shownCatalogRowsSchema};
   GRANT USAGE ON SCHEMA ${shownCatalogSchema}, ${shownCatalogRowsSchema} TO PUBLIC`,
  viewMaker,
  ...Object.entries(shown).map(([name, one]) => `SELECT pg_dsql.show_catalog('${name}', ${json(one)})`),
  trueTypes,
  systemViews,
  ...Object.entries(narrowed).map(narrowedView),
  "DROP FUNCTION pg_dsql.show_catalog, pg_dsql.redefine_view, pg_dsql.column_list",
  // A rule of this view's sets settings; clients set theirs with SET and set_config(), which are looked at.
  "REVOKE UPDATE ON pg_settings FROM PUBLIC",
]
  .map((each) => each.trim())
  .join(";\n");
