/**
 * The start of a session: who the client is, proven by a token, and the settings it asks for.
 *
 * Source: Aurora DSQL User Guide, "Authentication and authorization"; PostgreSQL documentation, "Start-up".
 */
import { quoteLiteral } from "@dsql-local/sql";
import { errors, settableSettings } from "@dsql-local/spec";
import { SqlError } from "../base/index.ts";
import { request, Settings } from "../backend/index.ts";
import type { Coordinator } from "../transaction/index.ts";
import { requireUtf8 } from "./client-encoding.ts";
import { reportedSettings } from "./reported-parameters.ts";
import { isServiceSetting, postgresName, requireBoolean } from "./service-settings.ts";
import type { SessionServices } from "./services.ts";

const settable: ReadonlySet<string> = new Set(settableSettings.map((setting) => setting.name));
const administrator = "admin";
const databaseName = "postgres";

/** Parameters of the start-up packet that are no settings. */
const connectionParameters = new Set(["user", "database", "options", "replication", "amzn-cluster-id"]);

/** @throws {SqlError} FATAL: no user, or a database that does not exist */
export function readIdentity(parameters: Readonly<Record<string, string>>): { user: string } {
  const user = parameters["user"] ?? "";
  if (user === "") {
    const message = "no PostgreSQL user name specified in startup packet";
    throw new SqlError({ severity: "FATAL", sqlstate: "28000", message });
  }
  const database = parameters["database"] ?? user;
  if (database !== databaseName) {
    throw new SqlError({
      severity: "FATAL",
      sqlstate: "3D000",
      message: `database "${database}" does not exist`,
      hint: `A cluster has one database: connect to "${databaseName}".`,
    });
  }
  return { user };
}

/** @throws {SqlError} FATAL 08006 the token is refused, or its IAM principal is not mapped to the role */
export async function authenticate(services: SessionServices, token: string, user: string): Promise<void> {
  const { principalArn } = services.verifyToken(token, user);
  if (user === administrator) return;
  const { rows } = await services.coordinator.system.request(
    `SELECT FROM pg_dsql.iam_mapping m JOIN pg_catalog.pg_roles r ON r.oid = m.role_oid
     WHERE m.arn = $1 AND r.rolname = $2 AND r.rolcanlogin`,
    [principalArn, user],
  );
  if (rows.length > 0) return;
  services.log({ event: "connection.refused", reason: "no IAM mapping", user, principalArn });
  throw SqlError.of(errors.accessDenied, { severity: "FATAL" });
}

export interface StartSettings {
  readonly settings: Settings;
  /** PostgreSQL's own form of those that the client hears of, by name. */
  readonly reported: ReadonlyMap<string, string>;
}

/** @throws {SqlError} FATAL 0A000 a setting that DSQL does not let clients set, or PostgreSQL's refusal of a value */
export async function readSettings(
  parameters: Readonly<Record<string, string>>,
  role: string,
  coordinator: Coordinator,
): Promise<StartSettings> {
  let settings = Settings.none;
  let needsCheck = false;
  let applicationName = "";
  for (const [name, value] of requestedSettings(parameters)) {
    const lower = name.toLowerCase();
    if (!settable.has(lower)) {
      const hint = "Leave it out of the connection's parameters, or turn it off in the tool that sends it.";
      throw SqlError.of(errors.settingNotSupported(name), { severity: "FATAL", hint });
    }
    if (lower === "client_encoding")
      fatally(() => {
        requireUtf8(value);
      });
    if (lower === "client_encoding" && /^'?(utf-?8|unicode)'?$/i.test(value)) continue;
    if (lower === "application_name" && value === "") continue;
    if (isServiceSetting(lower))
      fatally(() => {
        requireBoolean(lower, value);
      });
    settings = settings.with(postgresName(lower), settingValue(lower, value));
    if (lower === "application_name") applicationName = value;
    needsCheck ||= lower !== "application_name" && lower !== "extra_float_digits";
  }
  if (needsCheck) return { settings, reported: await checkSettings(settings, role, coordinator) };
  return { settings, reported: new Map([["application_name", applicationName]]) };
}

/** What refuses a setting in a session refuses the connection that starts with it. */
function fatally(check: () => void): void {
  try {
    check();
  } catch (error) {
    throw error instanceof SqlError ? error.with({ severity: "FATAL" }) : error;
  }
}

function* requestedSettings(
  parameters: Readonly<Record<string, string>>,
): Iterable<readonly [string, string]> {
  for (const [name, value] of Object.entries(parameters)) {
    if (!connectionParameters.has(name) && !name.startsWith("_pq_.")) yield [name, value];
  }
  yield* optionSettings(parameters["options"] ?? "");
}

/** `-c name=value` and `--name=value`, with blanks and backslashes escaped by a backslash. */
function* optionSettings(options: string): Iterable<readonly [string, string]> {
  const words = (options.match(/(?:\\.|[^\s\\])+/g) ?? []).map((word) => word.replaceAll(/\\(.)/g, "$1"));
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    const pair = word === "-c" ? (words[++index] ?? "") : word.replace(/^(?:-c|--)/, "");
    const [name = "", ...value] = pair.split("=");
    const setting = name.replaceAll("-", "_");
    if (!connectionParameters.has(name)) yield [setting, value.join("=")];
  }
}

/** The value as SET takes it. */
function settingValue(name: string, value: string): string {
  // In a start-up packet the list of schemas is one text; in SET its items stand alone.
  if (name !== "search_path") return quoteLiteral(value);
  const items = value.match(/"(?:[^"]|"")*"|[^,\s]+/g) ?? [];
  return items.map((item) => (item.startsWith('"') ? item : quoteLiteral(item))).join(", ") || "''";
}

/** @returns what PostgreSQL makes of the settings that are reported to the client */
async function checkSettings(
  settings: Settings,
  role: string,
  coordinator: Coordinator,
): Promise<ReadonlyMap<string, string>> {
  try {
    const { rows } = await coordinator.lend({ role, settings }, ({ backend }) =>
      request(backend, "SELECT name, setting FROM pg_catalog.pg_settings WHERE name = ANY ($1)", [
        `{${reportedSettings.join(",")}}`,
      ]),
    );
    return new Map(rows.map(([name, value]) => [name ?? "", value ?? ""]));
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    throw error.with({ severity: "FATAL" });
  }
}
