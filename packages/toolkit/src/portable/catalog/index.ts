/** Reads the catalog of a cluster and says it again as statements that Aurora DSQL takes. */
export { afterDataStatements } from "./after-data.ts";
export { commentStatements } from "./comments.ts";
export { type SchemaObject, readObjects } from "./objects.ts";
export { privilegeStatements } from "./privileges.ts";
export { type CatalogReader, importTables } from "./reader.ts";
export { roleStatements } from "./roles.ts";
export { readTables, type Table } from "./tables.ts";
