/**
 * PostgreSQL's own tables of which clients are given a view instead, and where those views are.
 *
 * Storage makes the views, `sql` puts them into statements; see docs/decisions/2026-11-21-catalogs-behind-views.md.
 */
export const shownCatalogs = [
  "pg_am",
  "pg_attrdef",
  "pg_attribute",
  "pg_auth_members",
  "pg_class",
  "pg_collation",
  "pg_constraint",
  "pg_conversion",
  "pg_database",
  "pg_event_trigger",
  "pg_extension",
  "pg_index",
  "pg_init_privs",
  "pg_language",
  "pg_namespace",
  "pg_opclass",
  "pg_operator",
  "pg_opfamily",
  "pg_parameter_acl",
  "pg_proc",
  "pg_rewrite",
  "pg_sequence",
  "pg_tablespace",
  "pg_ts_config",
  "pg_ts_dict",
  "pg_type",
] as const;

export type ShownCatalog = (typeof shownCatalogs)[number];

/** The views with the columns that `SELECT *` gives. */
export const shownCatalogSchema = "pg_dsql_catalog";

/** The same with `tableoid`, `xmin` and the other system columns, which a view does not have by itself. */
export const shownCatalogRowsSchema = "pg_dsql_rows";

/** Schemas of the cluster's own: to clients they are not there. */
/** PostgreSQL's bootstrap superuser, and whom the cluster itself connects as: see storage/system-schema/roles.ts. */
export const superuser = "dsql_system";
export const systemRole = "dsql_control";
export const hiddenRoles: readonly string[] = [superuser, systemRole];

export const hiddenSchemas: readonly string[] = [
  "pg_dsql",
  shownCatalogSchema,
  shownCatalogRowsSchema,
  "aws_dsql",
];
