/** What every route of Lambda's API is, and how it reads a request. */

import { parseJsonBody } from "../../protocol/index.ts";
import type { ServiceRequest } from "../../service.ts";
import { validation } from "../errors.ts";

export interface Call {
  readonly request: ServiceRequest;
  /** The path's variable parts, decoded. */
  readonly parts: readonly string[];
}

export interface Route {
  /** The operation, which is also the IAM action. */
  readonly name: string;
  readonly method: string;
  readonly path: RegExp;
  /** 200 unless given. */
  readonly status?: number;
  readonly run: (call: Call) => unknown;
}

export function decode(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw validation(`Value '${text}' is not percent-encoded text`);
  }
}

/** The body's members. The types of those that matter are checked where they are used. */
export function input<Input extends object = Record<string, never>>(
  request: ServiceRequest,
  ...required: string[]
): Input {
  const body = parseJsonBody(request.body);
  for (const name of required) {
    if (body[name] === undefined || body[name] === null || body[name] === "") {
      const member = name.charAt(0).toLowerCase() + name.slice(1);
      throw validation(`Value null at '${member}' failed to satisfy constraint: Member must not be null`);
    }
  }
  return body as Input;
}

export function qualifierOf(request: ServiceRequest): string | undefined {
  return request.query.get("Qualifier") ?? undefined;
}

export function qualifierMember(request: ServiceRequest): { Qualifier?: string } {
  const qualifier = qualifierOf(request);
  return qualifier === undefined ? {} : { Qualifier: qualifier };
}

const pageItemsMax = 50;

/** `Marker` is the number of items that came before. */
export function page(
  request: ServiceRequest,
  member: string,
  items: readonly unknown[],
): Record<string, unknown> {
  const first = Number(request.query.get("Marker") ?? 0) || 0;
  const count = Math.min(Number(request.query.get("MaxItems") ?? pageItemsMax) || pageItemsMax, pageItemsMax);
  const next = first + count;
  return { [member]: items.slice(first, next), ...(next < items.length ? { NextMarker: String(next) } : {}) };
}
