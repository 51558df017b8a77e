/** Pages of a list: a token is the number of items already given, so it stays good when the endpoint restarts. */

import { validationError } from "./query.ts";

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextToken: string | undefined;
}

/** @throws {ServiceError} ValidationError for a token that this endpoint did not give */
export function paginate<Item>(
  all: readonly Item[],
  token: string | undefined,
  pageItemsMax: number,
): Page<Item> {
  const start = token === undefined || token === "" ? 0 : Number(token);
  if (!Number.isInteger(start) || start < 0) throw validationError("The token provided is invalid.");
  const items = all.slice(start, start + pageItemsMax);
  const end = start + items.length;
  return { items, nextToken: end < all.length ? String(end) : undefined };
}
