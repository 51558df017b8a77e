import type { QueryResult, QueryResultRow } from "pg";

/** What a statement runs on: the `tx` of a transaction, or a pool for a statement by itself. */
export interface Queryable {
  query<Row extends QueryResultRow>(text: string, values?: unknown[]): Promise<QueryResult<Row>>;
}
