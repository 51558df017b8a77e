/** What set_config() has left behind: the settings in force on a backend, asked of PostgreSQL. */
import { quoteLiteral } from "@dsql-local/sql";
import type { Backend } from "./backend.ts";
import { request } from "./request.ts";
import { Settings } from "./settings.ts";

/**
 * @param known - the settings that SET has left; names of extensions (`dsql.…`), which PostgreSQL does not list, are
 * taken from there
 */
export async function settingsLeft(backend: Backend, known: Settings): Promise<Settings> {
  const { rows } = await request(
    backend,
    "SELECT lower(name), setting FROM pg_settings WHERE source = 'session' AND context = 'user'",
  );
  let settings = Settings.none;
  for (const [name, value] of known.entries) if (name.includes(".")) settings = settings.with(name, value);
  for (const [name, value] of rows) settings = settings.with(name ?? "", afterSet(name ?? "", value ?? ""));
  return settings;
}

/** As it stands after `SET name TO`: the list of schemas as it is, every other value as one text. */
function afterSet(name: string, value: string): string {
  if (name === "search_path" && value !== "") return value;
  return quoteLiteral(value);
}
