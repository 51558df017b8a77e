/**
 * One file of certificate authorities to trust: the cluster's and those that were trusted before. NODE_EXTRA_CA_CERTS names
 * one file only, and where a company's proxy signs what comes through it, that one is needed as well.
 */
import { createHash } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { rootCertificates } from "node:tls";

/**
 * @param present - the file that is trusted so far
 * @returns the file to trust from now on: the cluster's own where there was none, else one with both, beside it
 */
export async function bundleWith(caFile: string, present: string | undefined): Promise<string> {
  if (present === undefined || present === "" || path.resolve(present) === caFile) return caFile;
  // A file that is not there trusts nobody; Node itself warns of it.
  const others = await readFile(present, "utf8").catch(() => "");
  const own = await readFile(caFile, "utf8");
  if (others === "") return caFile;
  if (others.includes(own.trim())) return path.resolve(present);
  return await writeBundle(path.dirname(caFile), `${others.trimEnd()}\n${own}`);
}

/** Named by what it holds, so that shells with different authorities do not change each other's. */
async function writeBundle(folder: string, text: string): Promise<string> {
  const name = createHash("sha256").update(text).digest("hex").slice(0, 12);
  const file = path.join(folder, `ca-bundle-${name}.pem`);
  const draft = `${file}.${process.pid}.new`;
  await writeFile(draft, text, { mode: 0o644 });
  await rename(draft, file);
  return file;
}

/** Where systems keep the authorities that everybody trusts. */
const systemFiles = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/**
 * For programs that take one file for all there is to trust: the cluster's authority and the public ones.
 * @param present - the file that they take so far
 */
export async function bundleWithPublicAuthorities(
  caFile: string,
  present: string | undefined,
): Promise<{ file: string; text: string }> {
  const own = await readFile(caFile, "utf8");
  for (const file of [present, ...systemFiles]) {
    const text = file === undefined || file === "" ? "" : await readFile(file, "utf8").catch(() => "");
    if (text === "") continue;
    const whole = text.includes(own.trim()) ? text : `${text.trimEnd()}\n${own}`;
    return { file: await writeBundle(path.dirname(caFile), whole), text: whole };
  }
  const whole = `${rootCertificates.join("\n")}\n${own}`;
  return { file: await writeBundle(path.dirname(caFile), whole), text: whole };
}
