/** What single platforms need on top of `dsql env`: their way to trust the cluster's authority and to find the cluster. */
import { writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { bundleWithPublicAuthorities } from "./ca-bundle.ts";
import { localHostsLine } from "./hosts-file.ts";
import type { StackFacts } from "./stack-facts.ts";
import { trustStoreOf } from "./trust-store.ts";

export const platforms = ["java", "go", "python", "ruby", "rust", "dotnet", "node"] as const;
export type Platform = (typeof platforms)[number];

/** @returns the variables to set over those of `dsql env`; files that they name are made in the data directory */
export async function platformVariables(
  platform: Platform,
  facts: StackFacts,
): Promise<Record<string, string>> {
  switch (platform) {
    case "node":
      return {};
    case "python":
    case "ruby":
      // Their drivers are libpq, which the PG… variables lead to the cluster.
      return await trustVariables(facts);
    case "go":
    case "rust":
    case "dotnet":
      // Their drivers resolve the host's name like any other, so it is one that leads to this machine.
      return { ...(await trustVariables(facts)), ...localNames };
    case "java":
      return await javaVariables(facts);
  }
}

const localNames = { PGHOST: "localhost", CLUSTER_ENDPOINT: "localhost" };

/** OpenSSL, Go, Python, Ruby, Rust and .NET take this file for all there is to trust. */
async function trustVariables(facts: StackFacts): Promise<Record<string, string>> {
  return {
    SSL_CERT_FILE: (await bundleWithPublicAuthorities(facts.caFile, process.env["SSL_CERT_FILE"])).file,
  };
}

async function javaVariables(facts: StackFacts): Promise<Record<string, string>> {
  const folder = path.dirname(facts.caFile);
  const { text } = await bundleWithPublicAuthorities(facts.caFile, process.env["SSL_CERT_FILE"]);
  const trustStore = path.join(folder, "trust-store.p12");
  await writeFile(trustStore, trustStoreOf(text), { mode: 0o644 });
  // With such a file Java asks nobody else for names.
  const hosts = path.join(folder, "hosts");
  const lines = [localHostsLine(facts.host, [facts.clusterEndpoint]), `127.0.0.1 localhost ${os.hostname()}`];
  await writeFile(hosts, `${lines.join("\n")}\n`, { mode: 0o644 });
  const settings = {
    "jdk.net.hosts.file": hosts,
    "javax.net.ssl.trustStore": trustStore,
    "javax.net.ssl.trustStoreType": "PKCS12",
  };
  const options = Object.entries(settings).map(([name, value]) =>
    /\s/.test(value) ? `"-D${name}=${value}"` : `-D${name}=${value}`,
  );
  return { JAVA_TOOL_OPTIONS: options.join(" ") };
}
