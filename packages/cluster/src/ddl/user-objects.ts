/** Queries over what clients have created, as the limits on objects count it. */

/** Schemas that clients may create objects in: neither PostgreSQL's own nor this cluster's. */
export const userSchemas = `
SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace n
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'sys', 'aws_dsql')`;

/** @param kind - of `pg_class.relkind` */
export function countOf(kind: "r" | "v" | "S"): string {
  return `
SELECT pg_catalog.count(*) FROM pg_catalog.pg_class c JOIN (${userSchemas}) AS s ON s.oid = c.relnamespace
WHERE c.relkind = '${kind}'`;
}
