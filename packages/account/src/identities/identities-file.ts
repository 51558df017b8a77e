/**
 * `identities.json`: the account's users, roles and temporary credentials, as they outlive a restart.
 *
 * Written whole into a neighbouring file which then takes its place, so a reader finds the old state or the new one, never
 * a part. Readable by its owner only, since it holds secret keys.
 */
import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";

import type { Credential, Role } from "./identity.ts";

/** Raised when the meaning of a member changes; a file of another version is refused, not guessed at. */
const formatVersion = 1;

export interface IdentitiesState {
  readonly account: string;
  readonly administrator: Credential;
  readonly roles: readonly Role[];
  /** In the order they were given out. */
  readonly temporaryCredentials: readonly Credential[];
}

/**
 * @returns undefined where there is no such file yet
 * @throws {Error} the file is there but is not what this program wrote; the message says what to do
 */
export function readIdentities(file: string): IdentitiesState | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Error(`cannot read ${file}`, { cause });
  }
  let state: unknown;
  try {
    state = JSON.parse(text);
  } catch (cause) {
    throw damagedFile(file, "it is not JSON", cause);
  }
  const complaint = findFault(state);
  if (complaint !== undefined) throw damagedFile(file, complaint);
  return state as IdentitiesState;
}

export function writeIdentities(file: string, state: IdentitiesState): void {
  const draft = `${file}.${process.pid}.new`;
  try {
    writeFileSync(draft, JSON.stringify({ formatVersion, ...state }), { mode: 0o600 });
    chmodSync(draft, 0o600); // the mode above holds for new files only, and a draft may have been left by a crash
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

export function damagedFile(file: string, complaint: string, cause?: unknown): Error {
  return new Error(
    `${file} is damaged: ${complaint}. Put back a copy of it, or remove it: the local account then gets new keys, ` +
      `and its roles have to be deployed again.`,
    cause === undefined ? undefined : { cause },
  );
}

function findFault(state: unknown): string | undefined {
  if (!isObject(state)) return "it is not a JSON object";
  if (state["formatVersion"] !== formatVersion) return `its formatVersion is not ${formatVersion}`;
  if (typeof state["account"] !== "string" || !/^\d{12}$/.test(state["account"]))
    return "account is not twelve digits";
  if (!isCredential(state["administrator"])) return "administrator is not a credential";
  const { roles, temporaryCredentials } = state;
  if (!Array.isArray(roles) || !roles.every(isRole)) return "roles is not a list of roles";
  if (!Array.isArray(temporaryCredentials) || !temporaryCredentials.every(isTemporaryCredential)) {
    return "temporaryCredentials is not a list of temporary credentials";
  }
  return undefined;
}

function isCredential(value: unknown): value is Record<string, unknown> {
  return isObject(value) && hasTexts(value, ["accessKeyId", "secretAccessKey", "principalArn", "callerArn"]);
}

function isTemporaryCredential(value: unknown): boolean {
  return isCredential(value) && hasTexts(value, ["sessionToken"]) && typeof value["expiresAtMs"] === "number";
}

function isRole(value: unknown): boolean {
  return (
    isObject(value) &&
    hasTexts(value, ["name", "path", "arn", "id"]) &&
    typeof value["createdAtMs"] === "number" &&
    typeof value["maxSessionSeconds"] === "number" &&
    isObject(value["assumeRolePolicy"]) &&
    isObject(value["policies"]) &&
    Array.isArray(value["managedPolicyArns"])
  );
}

function hasTexts(value: Record<string, unknown>, names: readonly string[]): boolean {
  return names.every((name) => typeof value[name] === "string" && value[name] !== "");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
