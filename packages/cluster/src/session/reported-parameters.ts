/**
 * What the server reports of itself at the start (ParameterStatus).
 *
 * The set that the service sends was never published, so this is PostgreSQL 16's with the service's version and time zone.
 */
import { identity } from "@dsql-local/spec";

export function reportedParameters(
  requested: Readonly<Record<string, string>>,
  user: string,
): readonly (readonly [string, string])[] {
  return [
    ["application_name", requested["application_name"] ?? ""],
    ["client_encoding", "UTF8"],
    ["DateStyle", requested["DateStyle"] ?? requested["datestyle"] ?? "ISO, MDY"],
    ["default_transaction_read_only", "off"],
    ["in_hot_standby", "off"],
    ["integer_datetimes", "on"],
    ["IntervalStyle", requested["IntervalStyle"] ?? requested["intervalstyle"] ?? "postgres"],
    ["is_superuser", "off"],
    ["server_encoding", "UTF8"],
    ["server_version", identity.serverVersion],
    ["session_authorization", user],
    ["standard_conforming_strings", "on"],
    ["TimeZone", requested["TimeZone"] ?? requested["timezone"] ?? "UTC"],
  ];
}
