/** `npm run pack`: the tarballs of the published packages, in `dist-packages/`. */
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { buildPackage, root } from "./build.js";
import { published } from "./published.js";

const outDir = path.join(root, "dist-packages");
rmSync(outDir, { recursive: true, force: true });
mkdirSync(outDir);
for (const definition of published) {
  const folder = await buildPackage(definition, outDir);
  const [packed] = JSON.parse(
    execFileSync("npm", ["pack", "--json", "--pack-destination", outDir], {
      cwd: folder,
      encoding: "utf8",
      shell: process.platform === "win32",
      stdio: ["ignore", "pipe", "inherit"],
    }),
  );
  const { filename, size, entryCount } = packed;
  console.log(
    `${path.join("dist-packages", filename)}: ${(size / 1024).toFixed(0)} KiB in ${entryCount} files`,
  );
}
