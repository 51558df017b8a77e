/**
 * The settings that SET, RESET, connection options and set_config() take; every other one is refused. All of PostgreSQL's
 * can be read with SHOW.
 *
 * Source: Aurora DSQL User Guide, "SQL feature compatibility"; AWS Labs' DSQL skill (measured).
 */
import { sources } from "./sources.ts";

export interface SettableSetting {
  /** Lower case. */
  readonly name: string;
  readonly group: "client" | "planner" | "dsql";
  /** First value of a new session, where it is not PostgreSQL's. */
  readonly initial?: string;
  /** ISO date; missing: always. */
  readonly since?: string;
  readonly source: string;
}

const client = (name: string): SettableSetting => ({ name, group: "client", source: sources.sql });
const planner = (name: string): SettableSetting => ({ name, group: "planner", source: sources.sql });

export const settableSettings: readonly SettableSetting[] = [
  client("application_name"),
  client("client_encoding"),
  client("datestyle"),
  client("extra_float_digits"),
  client("intervalstyle"),
  client("search_path"),
  client("timezone"),
  planner("enable_bitmapscan"),
  planner("enable_hashjoin"),
  planner("enable_indexonlyscan"),
  planner("enable_indexscan"),
  planner("enable_material"),
  planner("enable_mergejoin"),
  planner("enable_nestloop"),
  planner("enable_seqscan"),
  {
    name: "dsql.enable_batched_nestloop",
    group: "planner",
    initial: "on",
    since: "2026-09-11",
    source: sources.releases,
  },
  /** `off` permits CREATE INDEX without ASYNC on an empty table. */
  { name: "disable_sync_create_index", group: "dsql", initial: "on", source: sources.createIndex },
];
