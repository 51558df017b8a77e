/**
 * What SET and RESET change.
 *
 * PostgreSQL resets to what its own session started with. Here that is a backend's start; the client's is known to the
 * session alone. So where the client started with settings of its own, RESET is run as SET to those.
 */
import type { Statement } from "../sql/index.ts";
import type { Settings } from "../backend/index.ts";
import type { SettingScope } from "./reported-parameters.ts";
import { isServiceSetting, postgresName, requireBoolean } from "./service-settings.ts";

export type SettingStatement = Extract<Statement, { kind: "set" | "reset" }>;

export interface SettingsNow {
  /** What holds beyond the open block, if that commits. */
  readonly session: Settings;
  /** With what is local to the block. */
  readonly inForce: Settings;
}

export interface SettingChange extends SettingsNow {
  readonly scope: SettingScope;
  readonly tag: "SET" | "RESET";
  /** Statements to run in the place of the client's; undefined: its own does. */
  readonly texts?: readonly string[];
}

/**
 * @param atStart - the settings that the client connected with
 * @throws {SqlError} 22023 the service's own setting cannot have the value
 */
export function changeOf(statement: SettingStatement, now: SettingsNow, atStart: Settings): SettingChange {
  const tag = statement.kind === "set" ? "SET" : "RESET";
  if (statement.name === undefined) {
    const texts = [...atStart.entries].map(([name, value]) => `SET ${name} TO ${value}`);
    const after = { scope: "session", tag, session: atStart, inForce: atStart } as const;
    return texts.length === 0 ? after : { ...after, texts: ["RESET ALL", ...texts] };
  }
  const written = statement.name.toLowerCase();
  const name = postgresName(written);
  const isLocal = statement.kind === "set" && statement.isLocal;
  const asked = statement.kind === "set" ? statement.value : undefined;
  if (asked !== undefined && isServiceSetting(written)) requireBoolean(written, asked);
  const value = asked ?? atStart.get(name);
  const change = {
    scope: isLocal ? "local" : "session",
    tag,
    session: isLocal ? now.session : now.session.with(name, value),
    inForce: now.inForce.with(name, value),
  } as const;
  if (name === written && (asked !== undefined || value === undefined)) return change;
  const local = isLocal ? "LOCAL " : "";
  return { ...change, texts: [`SET ${local}${name} TO ${value ?? "DEFAULT"}`] };
}
