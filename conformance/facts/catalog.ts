import { sources } from "@dsql-local/spec";
import { type Fact, factsOf } from "./fact.ts";

const value = factsOf("Types, functions and text");
const role = factsOf("Roles");
const catalog = factsOf("Catalogs");
const plan = factsOf("Plans");
const samples = "https://github.com/aws-samples/aurora-dsql-samples";

export const catalogFacts: readonly Fact[] = [
  value("column-types", "The listed types may be a column's.", sources.types, { mark: "documented" }),
  value("byte-order", "Text sorts by its bytes: the collation is C.", sources.skill),
  value("simple-text-search", "Text search has the configuration `simple` only.", sources.skill),
  value("absent-functions", "Functions of extensions are absent: 42883.", sources.skill),
  value("json-functions", "The functions and paths of json and jsonb work.", sources.skill),

  role("role-exists", "A second role of a name: 42710.", samples),
  role(
    "mapping-view",
    "`sys.iam_pg_role_mappings` shows who maps whom: iam_oid, arn, pg_role_oid, pg_role_name, grantor_pg_role_oid, grantor_pg_role_name.",
    sources.marc,
  ),
  role("iam-grant", "AWS IAM GRANT and REVOKE map an IAM role to a database role and back.", sources.marc),
  role(
    "schema-of-others",
    "CREATE SCHEMA as another role than admin: 42501 `permission denied for database postgres`.",
    sources.spike,
  ),
  role(
    "table-of-others",
    "A table without a privilege: 42501 `permission denied for table …`.",
    sources.spike,
  ),
  role(
    "public-schema",
    "Other roles create nothing in public, and admin cannot give that away; GRANTs on its tables work.",
    sources.spike,
  ),

  catalog(
    "service-roles",
    "pg_roles also shows `dbowner`, a superuser, and `pg_dsql_diagnostic`.",
    sources.pistachio,
  ),
  catalog(
    "no-available-extensions",
    "pg_available_extensions and pg_available_extension_versions are empty.",
    sources.pistachio,
  ),
  catalog(
    "no-estimates-yet",
    "A table that was not analysed has -1 reltuples and 0 relpages in pg_class.",
    sources.pistachio,
  ),
  catalog(
    "sys-functions",
    "The schema sys has cluster_size(), cluster_size_limit() and the two that turn job ids into UUIDs and back.",
    sources.spike,
  ),
  catalog(
    "sys-datatypes",
    "`sys.supported_datatypes()` lists types by name, with supported_in_pushdown.",
    sources.marc,
  ),
  catalog(
    "index-access-method",
    "The access method of indexes is `btree_index`, in pg_am and in pg_get_indexdef.",
    sources.pistachio,
  ),
  catalog(
    "primary-key-includes",
    "The primary key's index INCLUDEs every other column; indnatts is above indnkeyatts.",
    sources.pistachio,
  ),
  catalog(
    "constraint-definitions",
    "pg_get_constraintdef shows the INCLUDE of a primary key, and none for UNIQUE.",
    sources.pistachio,
  ),
  catalog(
    "index-statistics-empty",
    "`pg_stat_user_indexes` is empty.",
    "https://github.com/drizzle-team/drizzle-orm/pull/4869",
  ),
  catalog("information-schema", "information_schema is there.", sources.orms),
  catalog(
    "catalogs-readable",
    "pg_proc, pg_enum, pg_policy, pg_sequence, pg_extension and pg_database may be read.",
    sources.spike,
  ),

  plan(
    "plan-scans",
    "A scan shows what storage does: Full Scan (btree-table), Storage Scan, Projections, Filters, B-Tree Scan.",
    sources.marc,
  ),
  plan("plan-key", "A read by primary key is an Index Only Scan of its index.", sources.marc),
  plan(
    "plan-filter-above",
    "What storage cannot evaluate stands as Filter above the storage scan.",
    sources.marc,
  ),
  plan("plan-result", "EXPLAIN SELECT 1 is PostgreSQL's own.", sources.marc),
  plan("plan-dpu", "EXPLAIN ANALYZE VERBOSE ends with a DPU estimate of the statement.", sources.explain, {
    mark: "documented",
  }),
];
