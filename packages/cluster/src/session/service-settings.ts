/**
 * Settings that the service has and PostgreSQL lacks. PostgreSQL keeps them all the same, under names with a prefix, so
 * that SET LOCAL, RESET and a rollback do what they do to any other.
 *
 * Source: Aurora DSQL User Guide, "CREATE INDEX", "SQL feature compatibility".
 * Tests: service-settings.test.ts.
 */
import { settableSettings } from "@dsql-local/spec";
import { SqlError } from "../base/index.ts";
import type { Settings } from "../backend/index.ts";
import { answerWith, type Execution, type Outcome, type Sink } from "../transaction/index.ts";
import { shown } from "./identity-settings.ts";

const prefix = "dsql.";

/** Their first values, by name. */
const initial: ReadonlyMap<string, string> = new Map(
  settableSettings.flatMap(({ name, initial: first }) => (first === undefined ? [] : [[name, first]])),
);

/** @returns the setting's name for PostgreSQL */
export function postgresName(name: string): string {
  return initial.has(name) && !name.startsWith(prefix) ? `${prefix}${name}` : name;
}

export function isServiceSetting(name: string): boolean {
  return initial.has(name);
}

/** @param value - as it stands after `SET name TO` @throws {SqlError} 22023 it is no Boolean value */
export function requireBoolean(name: string, value: string): void {
  if (booleanOf(value) === undefined) {
    throw new SqlError({ sqlstate: "22023", message: `parameter "${name}" requires a Boolean value` });
  }
}

export function isOn(name: string, settings: Settings): boolean {
  return booleanOf(settings.get(postgresName(name)) ?? initial.get(name) ?? "off") ?? false;
}

export function showService(name: string, settings: Settings, execution: Execution, sink: Sink): Outcome {
  return answerWith(sink, shown(name, isOn(name, settings) ? "on" : "off"), execution);
}

/** As PostgreSQL reads it: any beginning of the words that is not both. Source: PostgreSQL, parse_bool. */
function booleanOf(value: string): boolean | undefined {
  const text = value
    .replace(/^'(.*)'$/, "$1")
    .trim()
    .toLowerCase();
  if (text === "") return undefined;
  if (text === "1" || text === "on" || "true".startsWith(text) || "yes".startsWith(text)) return true;
  if (text === "0" || "false".startsWith(text) || "no".startsWith(text)) return false;
  return text === "of" || text === "off" ? false : undefined;
}
