/**
 * XML as the AWS protocols write it: nested elements, text, no attributes but `xmlns`.
 *
 * A value is a text, a number, a flag, an object of child elements, or an array, which repeats its element. Members
 * that are `undefined` are left out. Lists of the query protocol are `{ member: [...] }`.
 */

import { XMLParser } from "fast-xml-parser";

export type XmlValue =
  string | number | boolean | undefined | readonly XmlValue[] | { readonly [name: string]: XmlValue };

const special: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
  "\r": "&#xD;",
};

// XML 1.0 has no way to write the other control characters, so they become the replacement character.
// eslint-disable-next-line no-control-regex
const notXml = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

export function escapeXml(text: string): string {
  return text.replace(notXml, "\ufffd").replace(/[&<>"'\r]/g, (character) => special[character] ?? character);
}

/** Writes one element, without the XML declaration. */
export function element(name: string, value: XmlValue, namespace?: string): string {
  if (value === undefined) return "";
  if (Array.isArray(value)) return value.map((item: XmlValue) => element(name, item, namespace)).join("");
  const open = namespace === undefined ? `<${name}>` : `<${name} xmlns="${escapeXml(namespace)}">`;
  return `${open}${content(value)}</${name}>`;
}

function content(value: Exclude<XmlValue, undefined>): string {
  if (typeof value !== "object") return escapeXml(String(value));
  return Object.entries(value)
    .map(([name, child]: [string, XmlValue]) => element(name, child))
    .join("");
}

/** A whole document. */
export function document(name: string, value: XmlValue, namespace?: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(name, value, namespace)}`;
}

/** The list form of the query protocol. */
export function members(items: readonly XmlValue[]): XmlValue {
  return { member: items };
}

// Entities are not expanded beyond XML's own five: a document cannot grow while it is read.
const parser = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: true,
  processEntities: true,
});

/**
 * Reads a small document: elements become properties, repeated ones arrays, text strings.
 *
 * @throws {Error} the text is not XML
 */
export function parseXml(text: string): Record<string, unknown> {
  return parser.parse(text, true) as Record<string, unknown>;
}
