import assert from "node:assert/strict";
import { test } from "node:test";
import { CredentialsError, type Credentials, TokenCache, type TokenRequest } from "./token.ts";

const key: Credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "secret" };

function request(overrides: Partial<TokenRequest> = {}): TokenRequest {
  return {
    host: "abcdefghij0123456789klmnop.dsql.us-east-1.on.aws",
    region: "us-east-1",
    user: "admin",
    credentials: () => Promise.resolve(key),
    ...overrides,
  };
}

/** A cache, and a clock to set. Tokens differ because each signature has its own second, so the cache's age tells them apart. */
function cacheWithClock(): { cache: TokenCache; pass: (ms: number) => void } {
  let nowMs = 1_000_000;
  return {
    cache: new TokenCache({ nowMs: () => nowMs }),
    pass: (ms) => {
      nowMs += ms;
    },
  };
}

test("a token serves for four fifths of its life", async () => {
  const { cache, pass } = cacheWithClock();
  await cache.token(request());
  pass(719_999);
  assert.equal((await cache.token(request())).ageMs, 719_999);
  pass(1);
  assert.equal((await cache.token(request())).ageMs, 0);
});

test("a token that was signed before the clock was set back is not given out any more", async () => {
  const { cache, pass } = cacheWithClock();
  const before = await cache.token(request());
  pass(-3_600_000);
  const after = await cache.token(request());
  assert.equal(after.ageMs, 0);
  assert.notEqual(after, before);
});

test("a token ends with the temporary credentials that signed it", async () => {
  const { cache, pass } = cacheWithClock();
  const expiring = { ...key, sessionToken: "one", expiration: new Date(1_000_000 + 10_000) };
  const asked = request({ credentials: () => Promise.resolve(expiring) });
  await cache.token(asked);
  pass(8_000);
  assert.equal((await cache.token(asked)).ageMs, 0);
});

test("each user and key has a token of its own, with the action of the user", async () => {
  const { cache } = cacheWithClock();
  const { token } = await cache.token(request());
  assert.match(token, /Action=DbConnectAdmin/);
  const other = await cache.token(request({ user: "app" }));
  assert.match(other.token, /Action=DbConnect&/);
  const rotated = await cache.token(
    request({ credentials: () => Promise.resolve({ ...key, accessKeyId: "AKIAOTHER" }) }),
  );
  assert.match(rotated.token, /AKIAOTHER/);
});

test("a token that was refused is not given out again", async () => {
  const { cache, pass } = cacheWithClock();
  await cache.token(request());
  pass(1_000);
  cache.drop(request());
  assert.equal((await cache.token(request())).ageMs, 0);
});

test("an empty credential chain is an error of its own, and asked again the next time", async () => {
  const { cache } = cacheWithClock();
  let calls = 0;
  const credentials = (): Promise<Credentials> =>
    ++calls === 1 ? Promise.reject(new Error("no providers")) : Promise.resolve(key);
  await assert.rejects(cache.token(request({ credentials })), CredentialsError);
  await cache.token(request({ credentials }));
});

test("a lifetime beyond the service's week is refused", async () => {
  await assert.rejects(new TokenCache().token(request({ lifetimeSeconds: 604_801 })), /604800/);
});

test("a cache shows nobody its tokens", async () => {
  const { inspect } = await import("node:util");
  const { cache } = cacheWithClock();
  await cache.token(request());
  assert.ok(!inspect(cache, { depth: 10, showHidden: true }).includes("X-Amz-Signature"));
});
