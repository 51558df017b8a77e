/** The secrets of `/_dsql/`, in files that their owner alone can read. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface ApiSecrets {
  /** For programs, and once for a browser, which then has the cookie: another at each start. */
  readonly token: string;
  /** What the console's cookie carries. It outlives a restart, so that an open page finds its stack again. */
  readonly cookie: string;
}

export function openApiSecrets(dataDir: string): ApiSecrets {
  return { token: newSecret(join(dataDir, "api-token")), cookie: keptSecret(join(dataDir, "console-key")) };
}

/** In a time that tells nothing of where they differ. */
export function isSecret(shown: string, secret: string): boolean {
  return timingSafeEqual(digest(shown), digest(secret));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function newSecret(file: string): string {
  const secret = randomBytes(32).toString("base64url");
  rmSync(file, { force: true }); // The mode counts for a new file only.
  writeFileSync(file, secret, { mode: 0o600 });
  return secret;
}

/** One that others could have read is not kept. */
function keptSecret(file: string): string {
  const isKept = existsSync(file) && (process.platform === "win32" || (statSync(file).mode & 0o077) === 0);
  const secret = isKept ? readFileSync(file, "utf8") : "";
  return /^[\w-]{43}$/.test(secret) ? secret : newSecret(file);
}
