/**
 * What a new cluster's database holds besides PostgreSQL's own catalog: the role `admin`, the schemas `sys` and
 * `aws_dsql` that the service shows, and the tables under them in `pg_dsql`, a name that tools which list tables skip.
 *
 * A version is never changed once it was released; a change is a new version, applied in order to older data. Versions 1 to 4
 * were never released: data of them are refused, see `bringSchemaUpToDate`.
 */
import { catalogFunctions } from "./catalog-functions.ts";
import { jobs } from "./jobs.ts";
import { iamMappings } from "./iam-mappings.ts";
import { primaryKeys } from "./primary-keys.ts";
import { rowText } from "./row-text.ts";
import { roles } from "./roles.ts";
import { sessionFunctions } from "./session-functions.ts";
import { shownCatalogViews } from "./shown-catalogs.ts";
import { sysFunctions } from "./sys-functions.ts";
import { simpleTextSearch } from "./text-search.ts";
import { initialPrivileges, untrusted } from "./untrusted.ts";

export { superuser, systemRole } from "./roles.ts";

export interface SystemSchemaVersion {
  readonly version: number;
  readonly statements: readonly string[];
}

const versionTable = `
CREATE SCHEMA pg_dsql;
CREATE TABLE pg_dsql.schema_version (version int PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`;

export const systemSchema: readonly SystemSchemaVersion[] = [
  {
    version: 5,
    statements: [
      versionTable,
      roles,
      sysFunctions,
      jobs,
      iamMappings,
      simpleTextSearch,
      catalogFunctions,
      primaryKeys,
      rowText,
      shownCatalogViews,
      untrusted,
      sessionFunctions,
      initialPrivileges,
    ],
  },
];

/** Older data cannot be brought up to date. */
export const oldestSchemaVersion = systemSchema[0]?.version ?? 0;
export const systemSchemaVersion = systemSchema.at(-1)?.version ?? 0;
