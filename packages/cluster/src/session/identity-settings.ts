/** Settings in which the embedded PostgreSQL would tell of itself, and what the service says there. */
import { identity } from "@dsql-local/spec";
import { answerWith, type Execution, type OwnAnswer, type Outcome, type Sink } from "../transaction/index.ts";

const answers: Readonly<Record<string, string>> = {
  server_version: identity.serverVersion,
  server_version_num: identity.serverVersionNum,
  max_connections: identity.maxConnections,
};

/** Whether SHOW of this setting is answered without PostgreSQL. */
export function isIdentitySetting(name: string): boolean {
  return Object.hasOwn(answers, name);
}

export function showIdentity(name: string, execution: Execution, sink: Sink): Outcome {
  return answerWith(sink, shown(name, answers[name] ?? ""), execution);
}

/** The answer to SHOW. */
export function shown(name: string, value: string): OwnAnswer {
  return { tag: "SHOW", columns: [{ name, typeOid: 25, typeSize: -1 }], rows: [[value]] };
}

/** SHOW ALL, by the function that gives these settings as the service does; see storage/system-schema/sys-functions.ts. */
export const showAllInstead =
  "SELECT name, pg_catalog.current_setting(name) AS setting, short_desc AS description FROM pg_catalog.pg_settings";
