/** Tags that a request brings along. */

import type { Permission } from "../authorization.ts";

/** The condition keys of tags: `aws:RequestTag/<key>` and `aws:TagKeys`. Nothing where there are none. */
export function tagContext(tags: Readonly<Record<string, string>>): NonNullable<Permission["context"]> {
  const keys = Object.keys(tags);
  if (keys.length === 0) return {};
  const requested = Object.entries(tags).map(([key, value]) => [`aws:RequestTag/${key}`, value]);
  return { ...(Object.fromEntries(requested) as Record<string, string>), "aws:TagKeys": keys };
}

/** What is read of a value that nobody has checked yet: texts by name, whatever else it holds. */
export function textsIn(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) return {};
  const entries = Object.entries(value).filter(([, text]) => typeof text === "string");
  return Object.fromEntries(entries);
}

/** The same of a list of pairs, `[{ Key, Value }]`. */
export function pairsIn(value: unknown, key = "Key", text = "Value"): Record<string, string> {
  if (!Array.isArray(value)) return {};
  const pairs = value.map((item) => textsIn(item));
  return Object.fromEntries(pairs.map((pair) => [pair[key] ?? "", pair[text] ?? ""]));
}
