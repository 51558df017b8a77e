import { fileURLToPath } from "node:url";

/**
 * For `NODE_OPTIONS=--require`: leads a Node program's connections to clusters to this machine. An absolute path.
 * What it reads and does is said in preload/dsql-local-preload.cts.
 */
export const preloadFile: string = fileURLToPath(
  new URL("./preload/dsql-local-preload.cjs", import.meta.url),
);
