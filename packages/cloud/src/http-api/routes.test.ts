import assert from "node:assert/strict";
import { test } from "node:test";

import { matchRoute, parseRouteKey } from "./routes.ts";

const routes = [
  "$default",
  "ANY /{proxy+}",
  "GET /items/{id}",
  "ANY /items/{id}",
  "GET /items/new",
  "POST /items",
  "GET /a/{rest+}",
  "GET /",
].map((routeKey) => ({ routeKey }));

const taken = (method: string, path: string, among = routes): unknown[] => {
  const found = matchRoute(among, { method, path });
  return found === undefined ? [] : [found.route.routeKey, found.pathParameters];
};

test("the closest route is taken: the whole path before a parameter, that before the rest of the path, then $default", () => {
  assert.deepEqual(taken("GET", "/items/new"), ["GET /items/new", {}]);
  assert.deepEqual(taken("GET", "/items/7%2F8"), ["GET /items/{id}", { id: "7/8" }]);
  assert.deepEqual(taken("DELETE", "/items/7"), ["ANY /items/{id}", { id: "7" }]);
  assert.deepEqual(taken("GET", "/a/b/c"), ["GET /a/{rest+}", { rest: "b/c" }]);
  assert.deepEqual(taken("PUT", "/a/b"), ["ANY /{proxy+}", { proxy: "a/b" }]);
  assert.deepEqual(taken("GET", "/"), ["GET /", {}]);
  assert.deepEqual(taken("GET", "/x", [{ routeKey: "$default" }]), ["$default", {}]);
});

test("a path or a method that no route has is taken by none", () => {
  const few = [{ routeKey: "POST /items" }, { routeKey: "GET /a/{rest+}" }];
  assert.deepEqual(taken("GET", "/items", few), []);
  assert.deepEqual(taken("POST", "/items/1", few), []);
  assert.deepEqual(taken("GET", "/a", few), []);
});

test("what is no route key is refused", () => {
  for (const wrong of ["/items", "FETCH /items", "GET items", "GET /{a+}/b", "GET /x{id}", ""])
    assert.throws(() => parseRouteKey(wrong), /not properly formatted/);
});
