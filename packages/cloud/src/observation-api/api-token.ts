/** The token of `/_dsql/`: another at each start, in a file that its owner alone can read. */
import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export function newApiToken(dataDir: string): string {
  const token = randomBytes(32).toString("base64url");
  const file = join(dataDir, "api-token");
  rmSync(file, { force: true }); // The mode counts for a new file only.
  writeFileSync(file, token, { mode: 0o600 });
  return token;
}
