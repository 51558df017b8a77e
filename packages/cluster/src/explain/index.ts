/**
 * EXPLAIN as the service answers it, made from PostgreSQL's own plan of the same statement.
 *
 * Promises
 * - The plan shown is the one that PostgreSQL has, and with ANALYZE the one that has run; its figures are PostgreSQL's.
 * - Names, indentation and properties are the service's; costs follow a model that gives the published figures.
 * - A plan that cannot be matched is shown as PostgreSQL shows it.
 */
export { explain } from "./explain.ts";
export { explainOptions } from "./explain-options.ts";
