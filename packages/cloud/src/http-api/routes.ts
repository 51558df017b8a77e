/**
 * Which route a request takes.
 *
 * Source: Amazon API Gateway Developer Guide, "Create routes for HTTP APIs": a full match before one with `{proxy+}`, that
 * before `$default`; of two that match alike the one that names the method.
 * Tests: routes.test.ts.
 */

export interface MatchedRoute<Route> {
  readonly route: Route;
  /** What stands in the path for `{id}` and `{proxy+}`, decoded. */
  readonly pathParameters: Readonly<Record<string, string>>;
}

export interface RouteKey {
  /** `ANY` for each. */
  readonly method: string;
  readonly path: string;
}

export const defaultRouteKey = "$default";

const methods = "GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|ANY";
const routeKeyPattern = new RegExp(`^(${methods}) (/.*)$`);

/** @returns undefined for `$default`. @throws {Error} it is no route key, in words for whoever deploys it */
export function parseRouteKey(text: string): RouteKey | undefined {
  if (text === defaultRouteKey) return undefined;
  const [, method, path] = routeKeyPattern.exec(text) ?? [];
  const segments = path === undefined ? [] : segmentsOf(path);
  const isWellFormed = segments.every((segment, index) => {
    if (!/[{}]/.test(segment)) return true;
    if (/^\{[\w.:-]+\}$/.test(segment)) return true;
    // What takes the rest of the path has to be the last.
    return /^\{[\w.:-]+\+\}$/.test(segment) && index === segments.length - 1;
  });
  if (method === undefined || path === undefined || !isWellFormed) {
    throw new Error(
      `The provided route key is not properly formatted for HTTP protocol: "${text}". Write "GET /items/{id}", "ANY /{proxy+}" or "$default".`,
    );
  }
  return { method, path };
}

/** @param path - below the stage, as sent */
export function matchRoute<Route extends { readonly routeKey: string }>(
  routes: readonly Route[],
  { method, path }: RouteKey,
): MatchedRoute<Route> | undefined {
  const sent = segmentsOf(path);
  const matches = routes.flatMap((route) => {
    const key = parseRouteKey(route.routeKey);
    if (key === undefined) return [{ route, pathParameters: {}, rank: "9" }];
    if (key.method !== "ANY" && key.method !== method) return [];
    const found = matchPath(segmentsOf(key.path), sent);
    if (found === undefined) return [];
    return [
      { route, pathParameters: found.parameters, rank: `${found.rank}${key.method === "ANY" ? "a" : ""}` },
    ];
  });
  const [best] = matches.sort((left, right) => (left.rank < right.rank ? -1 : 1));
  return best && { route: best.route, pathParameters: best.pathParameters };
}

/** @returns of each segment how closely it matches, the closest first in the order of text; undefined where it does not */
function matchPath(
  wanted: readonly string[],
  sent: readonly string[],
): { readonly rank: string; readonly parameters: Record<string, string> } | undefined {
  const parameters: Record<string, string> = {};
  let rank = "";
  for (const [index, segment] of wanted.entries()) {
    const greedy = /^\{(.+)\+\}$/.exec(segment)?.[1];
    if (greedy !== undefined) {
      if (sent.length <= index) return undefined;
      parameters[greedy] = sent.slice(index).map(decoded).join("/");
      return { rank: `${rank}2`, parameters };
    }
    const actual = sent[index];
    const name = /^\{(.+)\}$/.exec(segment)?.[1];
    if (actual === undefined || (name === undefined && actual !== segment)) return undefined;
    if (name !== undefined) parameters[name] = decoded(actual);
    rank += name === undefined ? "0" : "1";
  }
  return sent.length === wanted.length ? { rank, parameters } : undefined;
}

function segmentsOf(path: string): string[] {
  return path.split("/").slice(1);
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
