/**
 * Reads and checks the members of a request: what is missing, of another type or out of its bounds is refused by name.
 *
 * Source: Aurora DSQL API Reference (2018-05-10), the constraints of each member.
 */
import type { JsonObject } from "../protocol/index.ts";
import { invalidField } from "./errors.ts";

const identifierPattern = /^[a-z0-9]{26}$/;
const clientTokenPattern = /^[!-~]{1,128}$/;
const tagsMax = 200;
export const policyCharactersMax = 20_480;
const pageItemsMax = 100;

/** @returns undefined where the member is absent or null */
export function textField(input: JsonObject, name: string): string | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw invalidField(name, "a text");
  return value;
}

export function flagField(input: JsonObject, name: string): boolean | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "boolean") throw invalidField(name, "true or false");
  return value;
}

export function objectField(input: JsonObject, name: string): JsonObject | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "object" || Array.isArray(value)) throw invalidField(name, "a structure");
  return value as JsonObject;
}

export function requiredObject(input: JsonObject, name: string): JsonObject {
  const value = objectField(input, name);
  if (value === undefined) throw invalidField(name, "given");
  return value;
}

/** @param as - the name to report, where the member is inside another */
export function requiredText(input: JsonObject, name: string, as = name): string {
  const value = textField(input, name);
  if (value === undefined || value === "") throw invalidField(as, "given");
  return value;
}

export function identifier(text: string, name = "identifier"): string {
  if (identifierPattern.test(text)) return text;
  throw invalidField(name, "26 letters and digits, as in [a-z0-9]{26}");
}

/** @param value - as it came, in the body or the query string */
export function clientToken(value: string | null | undefined): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (clientTokenPattern.test(value)) return value;
  throw invalidField("clientToken", "1 to 128 printable ASCII characters without blanks");
}

export function tagsField(input: JsonObject): Readonly<Record<string, string>> | undefined {
  const tags = objectField(input, "tags");
  return tags === undefined ? undefined : checkTags(tags);
}

/** @throws {ServiceError} also where there would be too many */
export function checkTags(tags: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const isRight = ([key, value]: [string, unknown]): boolean =>
    /^[a-zA-Z0-9_.:/=+\-@ ]{1,128}$/.test(key) &&
    !key.toLowerCase().startsWith("aws:") &&
    typeof value === "string" &&
    /^[a-zA-Z0-9_.:/=+\-@ ]{0,256}$/.test(value);
  const entries = Object.entries(tags);
  if (entries.length <= tagsMax && entries.every(isRight)) return tags as Readonly<Record<string, string>>;
  throw invalidField(
    "tags",
    `at most ${tagsMax} tags, keys of 1 to 128 and values of 0 to 256 letters, digits, blanks and _.:/=+-@, no key beginning with aws:`,
  );
}

/** `AWS_OWNED_KMS_KEY`, a key's id, alias or ARN. */
export function keyField(input: JsonObject): string | undefined {
  const key = textField(input, "kmsEncryptionKey");
  if (key === undefined || /^[a-zA-Z0-9:/_-]{1,2048}$/.test(key)) return key;
  throw invalidField("kmsEncryptionKey", "AWS_OWNED_KMS_KEY or the id, alias or ARN of a KMS key");
}

/** @returns how many items a page holds */
export function pageSize(query: URLSearchParams): number {
  const text = query.get("max-results");
  const size = text === null || text === "" ? pageItemsMax : Number(text);
  if (Number.isInteger(size) && size >= 1 && size <= pageItemsMax) return size;
  throw invalidField("maxResults", `1 to ${pageItemsMax}`);
}
