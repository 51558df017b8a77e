/**
 * The settings in force on a backend, asked of PostgreSQL: where set_config() has run, no statement's text tells them.
 *
 * Names are written out: the search path may be any.
 */
import { settableSettings } from "@dsql-local/spec";
import { quoteLiteral } from "@dsql-local/sql";
import type { Backend } from "./backend.ts";
import { request } from "./request.ts";
import { Settings } from "./settings.ts";

export interface SettingsFound {
  readonly settings: Settings;
  /** As PostgreSQL writes the name and the value of what it reports to clients when it changes. */
  readonly reported: ReadonlyMap<string, string>;
}

/** PostgreSQL does not list the service's own (`dsql.…`): these are asked for by name. */
const own = settableSettings.flatMap(({ name, initial }) =>
  initial === undefined ? [] : [{ name: name.startsWith("dsql.") ? name : `dsql.${name}`, initial }],
);
/** Set by SET SESSION CHARACTERISTICS alone. */
const accessMode = "default_transaction_read_only";
const settable: ReadonlySet<string> = new Set([...settableSettings.map(({ name }) => name), accessMode]);
const reportedNames = ["application_name", "client_encoding", "DateStyle", "IntervalStyle", "TimeZone"];

const query = `
SELECT name, setting, source = 'session' AND context <> 'internal'
FROM pg_catalog.pg_settings
WHERE source = 'session' OR name IN (${reportedNames.map((name) => `'${name}'`).join(", ")})
${own
  .map(({ name, initial }) => {
    const value = `pg_catalog.current_setting('${name}', true)`;
    return `UNION ALL SELECT '${name}', ${value}, ${value} IS DISTINCT FROM '${initial}'`;
  })
  .join("\n")}`;

export async function settingsFound(backend: Backend): Promise<SettingsFound> {
  const { rows } = await request(backend, query);
  let settings = Settings.none;
  const reported = new Map<string, string>();
  for (const [name, value, isSet] of rows) {
    const lower = (name ?? "").toLowerCase();
    if (isSet === "t" && (settable.has(lower) || own.some((one) => one.name === lower)))
      settings = settings.with(lower, afterSet(lower, value ?? ""));
    if (reportedNames.includes(name ?? "")) reported.set(name ?? "", value ?? "");
  }
  return { settings, reported };
}

/** As it stands after `SET name TO`: the list of schemas as it is, every other value as one text. */
function afterSet(name: string, value: string): string {
  if (name === accessMode || (name === "search_path" && value !== "")) return value;
  return quoteLiteral(value);
}
