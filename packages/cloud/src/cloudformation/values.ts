/** Values of a template: what JSON and YAML can say. */

import { validationError } from "../protocol/index.ts";

export type Value = string | number | boolean | null | Value[] | { [key: string]: Value };
export type ValueObject = { [key: string]: Value };

export function formatError(message: string): Error {
  return validationError(`Template format error: ${message}`);
}

export function isObject(value: Value | undefined): value is ValueObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Texts, numbers and flags as CloudFormation sees them in a place for text. */
export function scalarText(value: Value | undefined): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return Array.isArray(value) ? value.map((item) => scalarText(item) ?? "").join(",") : undefined;
}
