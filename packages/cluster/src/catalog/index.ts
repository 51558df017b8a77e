/**
 * What is known of tables, keys, foreign keys and functions, and since when: facts read from PostgreSQL's catalog, kept until
 * the catalog changes.
 *
 * Promises
 * - What is kept is of the catalog version that it is asked for.
 * - A transaction hears OC001 where a relation that it used was changed after its snapshot.
 */
export { Catalog, type RelationName, type StatementTables } from "./catalog.ts";
export { catalogLockTimeout, CatalogRequests } from "./catalog-requests.ts";
export { CatalogVersions, isOc001Scope, type Oc001Scope } from "./catalog-versions.ts";
export {
  type ForeignKey,
  type ForeignKeyAction,
  isSame,
  missingParent,
  stillReferenced,
} from "./foreign-key.ts";
export { calledBy, type FunctionFacts, mentions } from "./functions.ts";
export { hasKeyOfImages, keyValuesOfImages, matchesKeyOfImages, sharesKeyOfImages } from "./keys.ts";
export { seesReportedKey, seesReportedReference } from "./reported-key.ts";
export { isShareable, mayUseSequences, type SharingFacts } from "./sharing.ts";
export {
  type Column,
  imageOf,
  type Index,
  insertRows,
  qualifiedName,
  quoteName,
  type Table,
  textArray,
  type UniqueKey,
  writtenColumns,
} from "./table.ts";
