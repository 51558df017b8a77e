/**
 * The local account: its administrator, its roles with their policies, and the temporary credentials given out.
 *
 * Always true
 * - What a method changed is in the file before it returns.
 * - Every document kept has been accepted by `parsePolicy`, so deciding about access cannot fail.
 *
 * Tests: identities.test.ts.
 */

import { damagedFile, readIdentities, writeIdentities } from "./identities-file.ts";
import { IdentityError } from "../policy/index.ts";
import {
  type AccessRequest,
  type AssumeRoleRequest,
  type Credential,
  type Identities,
  type Role,
  type RoleDefinition,
} from "./identity.ts";
import { managedPolicies } from "./managed-policies.ts";
import type { ConditionContext } from "../policy/index.ts";
import {
  type Assumer,
  type Policy,
  type PolicyRequest,
  type TrustDecision,
  decide,
  decideTrust,
  parseDocument,
  parsePolicy,
} from "../policy/index.ts";

export interface AccountIdentitiesOptions {
  /** `<dataDir>/identities.json`; its folder exists. */
  readonly file: string;
  /** Of a new account; one that is there keeps its own. */
  readonly account?: string | undefined;
  /** What time it is, in milliseconds since 1970. */
  readonly clock: { nowMs(): number };
  readonly random: { bytes(count: number): Buffer };
}

const accountDefault = "123456789012";
const administratorName = "local-admin";

// IAM's own quotas. Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const rolesMax = 1_000;
const managedPoliciesPerRoleMax = 20;
const inlinePolicyCharactersPerRoleMax = 10_240;
const trustPolicyCharactersMax = 8_192;
const sessionSecondsMin = 900;
const sessionSecondsDefault = 3_600;
const sessionSecondsMax = 43_200;

/** At the bound the oldest goes: whoever still signs with it has to assume the role again. */
const temporaryCredentialsMax = 1_000;

// In base64 this makes 320 characters, with the `+`, `/` and `=` that clients forget to encode.
const sessionTokenBytes = 240;

/** A role and its documents, ready to decide by. */
interface KnownRole {
  readonly role: Role;
  readonly trust: Policy;
  readonly policies: readonly Policy[];
}

export class AccountIdentities implements Identities {
  readonly account: string;
  readonly administrator: Credential;
  readonly #file: string;
  readonly #clock: AccountIdentitiesOptions["clock"];
  readonly #random: AccountIdentitiesOptions["random"];
  /** By name, which is unique in an account whatever the path. */
  #roles: ReadonlyMap<string, KnownRole>;
  /** By access key, oldest first. */
  #temporaryCredentials: ReadonlyMap<string, Credential>;

  /**
   * Reads the account, or founds it where there is none.
   *
   * @throws {Error} the file cannot be read, is damaged, or cannot be written
   */
  static open(options: AccountIdentitiesOptions): AccountIdentities {
    return new AccountIdentities(options);
  }

  private constructor(options: AccountIdentitiesOptions) {
    this.#file = options.file;
    this.#clock = options.clock;
    this.#random = options.random;
    const state = readIdentities(options.file);
    this.account = state?.account ?? options.account ?? accountDefault;
    this.administrator = state?.administrator ?? this.#createAdministrator();
    const roles = (state?.roles ?? []).map((role) => readyToDecideFrom(options.file, role));
    this.#roles = new Map(roles.map((known) => [known.role.name, known]));
    const temporary = state?.temporaryCredentials ?? [];
    this.#temporaryCredentials = new Map(temporary.map((credential) => [credential.accessKeyId, credential]));
    if (state === undefined) this.#replace({});
  }

  find(accessKeyId: string): Credential | undefined {
    if (accessKeyId === this.administrator.accessKeyId) return this.administrator;
    return this.#temporaryCredentials.get(accessKeyId);
  }

  isAllowed(request: AccessRequest): boolean {
    const { action, resourceArn } = request;
    const known = this.#find(request.principalArn);
    const principalArn = known?.role.arn ?? request.principalArn;
    const question = { action, resourceArn, context: this.#context(principalArn, request.context) };
    const byResource = this.#decideByResource(request, principalArn, question);
    if (byResource === "deny") return false;
    if (principalArn === this.administrator.principalArn) return true;
    if (known === undefined) return false;
    const byIdentity = decide(known.policies, question);
    return byIdentity === "allow" || (byIdentity === "undecided" && byResource === "allow");
  }

  /** Source: IAM User Guide, "Policy evaluation logic", within one account. */
  #decideByResource(
    { resourcePolicy, principalArn }: AccessRequest,
    knownAs: string,
    question: PolicyRequest,
  ): TrustDecision {
    if (resourcePolicy === undefined) return "undecided";
    const arns = [principalArn, knownAs];
    return decideTrust(resourcePolicy, { kind: "principal", account: this.account, arns }, question);
  }

  putRole(definition: RoleDefinition): Role {
    const existing = this.#roles.get(definition.name)?.role;
    if (existing === undefined && this.#roles.size >= rolesMax) {
      throw new IdentityError("LimitExceeded", `Cannot exceed quota for RolesPerAccount: ${rolesMax}`);
    }
    validateRole(definition, this.account);
    return this.#keep({
      name: definition.name,
      path: definition.path ?? "/",
      arn: definition.arn,
      id: existing?.id ?? `AROA${this.#base32(17)}`,
      createdAtMs: existing?.createdAtMs ?? this.#clock.nowMs(),
      maxSessionSeconds: definition.maxSessionSeconds ?? sessionSecondsDefault,
      assumeRolePolicy: parseDocument(definition.assumeRolePolicy),
      policies: existing?.policies ?? {},
      managedPolicyArns: existing?.managedPolicyArns ?? [],
    });
  }

  getRole(nameOrArn: string): Role | undefined {
    return this.#find(nameOrArn)?.role;
  }

  listRoles(): readonly Role[] {
    return [...this.#roles.values()].map(({ role }) => role);
  }

  deleteRole(nameOrArn: string): void {
    const known = this.#find(nameOrArn);
    if (known === undefined) return;
    const roles = new Map(this.#roles);
    roles.delete(known.role.name);
    const others = [...this.#temporaryCredentials].filter(
      ([, { principalArn }]) => principalArn !== known.role.arn,
    );
    this.#replace({ roles, temporaryCredentials: new Map(others) });
  }

  putRolePolicy(nameOrArn: string, policyName: string, document: unknown): void {
    const role = this.#existing(nameOrArn);
    if (!/^[\w+=,.@-]{1,128}$/.test(policyName)) {
      throw new IdentityError(
        "ValidationError",
        `The specified value for policyName is invalid: ${policyName}`,
      );
    }
    const policies = { ...role.policies, [policyName]: parseDocument(document) };
    if (JSON.stringify(Object.values(policies)).length > inlinePolicyCharactersPerRoleMax) {
      const bound = `Maximum policy size of ${inlinePolicyCharactersPerRoleMax} bytes exceeded for role ${role.name}`;
      throw new IdentityError("LimitExceeded", bound);
    }
    this.#keep({ ...role, policies });
  }

  deleteRolePolicy(nameOrArn: string, policyName: string): void {
    const role = this.#existing(nameOrArn);
    const { [policyName]: removed, ...policies } = role.policies;
    if (removed === undefined) {
      throw new IdentityError("NoSuchEntity", `The role policy with name ${policyName} cannot be found.`);
    }
    this.#keep({ ...role, policies });
  }

  attachManagedPolicy(nameOrArn: string, policyArn: string): void {
    const role = this.#existing(nameOrArn);
    if (!managedPolicies.has(policyArn)) {
      throw new IdentityError("NoSuchEntity", `Policy ${policyArn} does not exist or is not attachable.`);
    }
    if (role.managedPolicyArns.includes(policyArn)) return;
    if (role.managedPolicyArns.length >= managedPoliciesPerRoleMax) {
      throw new IdentityError(
        "LimitExceeded",
        `Cannot exceed quota for PoliciesPerRole: ${managedPoliciesPerRoleMax}`,
      );
    }
    this.#keep({ ...role, managedPolicyArns: [...role.managedPolicyArns, policyArn] });
  }

  detachManagedPolicy(nameOrArn: string, policyArn: string): void {
    const role = this.#existing(nameOrArn);
    const managedPolicyArns = role.managedPolicyArns.filter((arn) => arn !== policyArn);
    if (managedPolicyArns.length === role.managedPolicyArns.length) {
      throw new IdentityError("NoSuchEntity", `Policy ${policyArn} was not found.`);
    }
    this.#keep({ ...role, managedPolicyArns });
  }

  assumeRole(request: AssumeRoleRequest): Credential {
    if (!/^[\w+=,.@-]{2,64}$/.test(request.sessionName)) {
      throw new IdentityError(
        "ValidationError",
        "roleSessionName must be 2 to 64 letters, digits and characters of _+=,.@-",
      );
    }
    const known = this.#find(request.roleArn);
    // To those who may not know which roles there are, an absent one and a forbidden one look the same.
    if (known === undefined || !this.#isTrusted(known, request)) {
      const who = "callerArn" in request ? `User: ${request.callerArn}` : `Service: ${request.service}`;
      const what = `is not authorized to perform: sts:AssumeRole on resource: ${request.roleArn}`;
      throw new IdentityError("AccessDenied", `${who} ${what}`);
    }
    const credential = this.#createTemporaryCredential(known.role, request);
    const temporaryCredentials = this.#credentialsWithRoom().set(credential.accessKeyId, credential);
    this.#replace({ temporaryCredentials });
    return credential;
  }

  mayAssume(request: AssumeRoleRequest): boolean {
    const known = this.#find(request.roleArn);
    return known !== undefined && this.#isTrusted(known, request);
  }

  #isTrusted({ role, trust }: KnownRole, request: AssumeRoleRequest): boolean {
    const assumer = this.#assumer(request);
    const principalArn = "callerArn" in request ? this.#principalArn(request.callerArn) : undefined;
    const context = this.#context(principalArn, request.context);
    const question = { action: "sts:AssumeRole", resourceArn: role.arn, context };
    const decision: TrustDecision = decideTrust(trust, assumer, question);
    if (decision === "deny" || decision === "undecided") return false;
    if (principalArn === undefined || principalArn === this.administrator.principalArn) return true;
    // A trust policy that names the caller itself is enough, unless the caller's own policies forbid it.
    const own = decide(this.#find(principalArn)?.policies ?? [], question);
    return decision === "allow" ? own !== "deny" : own === "allow";
  }

  #assumer(request: AssumeRoleRequest): Assumer {
    if ("service" in request) return { kind: "service", service: request.service };
    const arns = [request.callerArn, this.#principalArn(request.callerArn)];
    return { kind: "principal", account: this.account, arns };
  }

  /** @returns the role's ARN for one of its sessions; any other ARN is a principal already */
  #principalArn(callerArn: string): string {
    return this.#find(callerArn)?.role.arn ?? callerArn;
  }

  #createTemporaryCredential(role: Role, request: AssumeRoleRequest): Credential {
    const seconds = request.durationSeconds ?? Math.min(sessionSecondsDefault, role.maxSessionSeconds);
    // A service renews what it hands to a function before it ends, and may ask for the longest session at once.
    const secondsMax = "service" in request ? sessionSecondsMax : role.maxSessionSeconds;
    if (!Number.isInteger(seconds) || seconds < sessionSecondsMin || seconds > secondsMax) {
      const bound = `from ${sessionSecondsMin} to ${secondsMax}, the MaxSessionDuration set for this role`;
      throw new IdentityError("ValidationError", `The requested DurationSeconds must be ${bound}.`);
    }
    return {
      accessKeyId: `ASIA${this.#base32(16)}`,
      secretAccessKey: this.#random.bytes(30).toString("base64"),
      sessionToken: this.#random.bytes(sessionTokenBytes).toString("base64"),
      expiresAtMs: this.#clock.nowMs() + seconds * 1000,
      principalArn: role.arn,
      callerArn: `arn:aws:sts::${this.account}:assumed-role/${role.name}/${request.sessionName}`,
      userId: `${role.id}:${request.sessionName}`,
    };
  }

  /** With room for one more: first what has expired goes, then the oldest. */
  #credentialsWithRoom(): Map<string, Credential> {
    const nowMs = this.#clock.nowMs();
    const kept = new Map(this.#temporaryCredentials);
    for (const [key, credential] of kept) {
      if ((credential.expiresAtMs ?? 0) <= nowMs) kept.delete(key);
    }
    for (const key of kept.keys()) {
      if (kept.size < temporaryCredentialsMax) break;
      kept.delete(key);
    }
    return kept;
  }

  /** Condition keys that follow from who asks and when; those of the request itself come first. */
  #context(principalArn: string | undefined, given: AccessRequest["context"]): ConditionContext {
    const nowMs = this.#clock.nowMs();
    const context = new Map<string, readonly string[]>([
      ["aws:currenttime", [new Date(nowMs).toISOString()]],
      ["aws:epochtime", [String(Math.floor(nowMs / 1000))]],
    ]);
    if (principalArn !== undefined) {
      const isUser = principalArn === this.administrator.principalArn;
      context.set("aws:principalarn", [principalArn]);
      context.set("aws:principalaccount", [this.account]);
      context.set("aws:principaltype", [isUser ? "User" : "AssumedRole"]);
      if (isUser) context.set("aws:username", [administratorName]);
    }
    for (const [key, value] of Object.entries(given ?? {})) context.set(key.toLowerCase(), [value].flat());
    return context;
  }

  /** @param name - a role's name or ARN, or the ARN of one of its sessions */
  #find(name: string): KnownRole | undefined {
    if (!name.startsWith("arn:")) return this.#roles.get(name);
    const session = /^arn:aws:sts::(\d{12}):assumed-role\/([^/]+)\/[^/]+$/.exec(name);
    if (session?.[1] === this.account) return this.#roles.get(session[2] ?? "");
    const known = this.#roles.get(name.slice(name.lastIndexOf("/") + 1));
    return known?.role.arn === name ? known : undefined;
  }

  #existing(nameOrArn: string): Role {
    const role = this.getRole(nameOrArn);
    if (role === undefined) {
      throw new IdentityError("NoSuchEntity", `The role with name ${nameOrArn} cannot be found.`);
    }
    return role;
  }

  #keep(role: Role): Role {
    this.#replace({ roles: new Map(this.#roles).set(role.name, readyToDecide(role)) });
    return role;
  }

  /** Written first and shown afterwards: what the disk does not take has not happened. */
  #replace({
    roles = this.#roles,
    temporaryCredentials = this.#temporaryCredentials,
  }: {
    readonly roles?: ReadonlyMap<string, KnownRole>;
    readonly temporaryCredentials?: ReadonlyMap<string, Credential>;
  }): void {
    writeIdentities(this.#file, {
      account: this.account,
      administrator: this.administrator,
      roles: [...roles.values()].map(({ role }) => role),
      temporaryCredentials: [...temporaryCredentials.values()],
    });
    this.#roles = roles;
    this.#temporaryCredentials = temporaryCredentials;
  }

  #createAdministrator(): Credential {
    const arn = `arn:aws:iam::${this.account}:user/${administratorName}`;
    return {
      accessKeyId: `AKIA${this.#base32(16)}`,
      secretAccessKey: this.#random.bytes(30).toString("base64"),
      principalArn: arn,
      callerArn: arn,
      userId: `AIDA${this.#base32(17)}`,
    };
  }

  /** AWS's ids are of the base32 alphabet. */
  #base32(length: number): string {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    return [...this.#random.bytes(length)].map((byte) => alphabet[byte % alphabet.length]).join("");
  }
}

function readyToDecideFrom(file: string, role: Role): KnownRole {
  try {
    return readyToDecide(role);
  } catch (cause) {
    throw damagedFile(file, `the policies of role ${role.name} are not valid`, cause);
  }
}

/** @throws {IdentityError} `MalformedPolicyDocument` */
function readyToDecide(role: Role): KnownRole {
  const managed = role.managedPolicyArns.map((arn) => {
    const document = managedPolicies.get(arn);
    if (document === undefined)
      throw new Error(`${arn} is attached to ${role.name}, and is no managed policy`);
    return document;
  });
  return {
    role,
    trust: parsePolicy(role.assumeRolePolicy, "trust"),
    policies: [...Object.values(role.policies), ...managed].map((document) =>
      parsePolicy(document, "identity"),
    ),
  };
}

function validateRole(definition: RoleDefinition, account: string): void {
  const { name, path = "/", arn, maxSessionSeconds = sessionSecondsDefault } = definition;
  if (!/^[\w+=,.@-]{1,64}$/.test(name)) {
    throw new IdentityError("ValidationError", `The specified value for roleName is invalid: ${name}`);
  }
  if (!/^\/(?:[!-~]{1,510}\/)?$/.test(path)) {
    throw new IdentityError("ValidationError", `The specified value for path is invalid: ${path}`);
  }
  if (arn !== `arn:aws:iam::${account}:role${path}${name}`) {
    throw new IdentityError("ValidationError", `The ARN of role ${name} is not ${arn}`);
  }
  if (maxSessionSeconds < sessionSecondsDefault || maxSessionSeconds > sessionSecondsMax) {
    throw new IdentityError(
      "ValidationError",
      `MaxSessionDuration must be ${sessionSecondsDefault} to ${sessionSecondsMax}`,
    );
  }
  if (JSON.stringify(parseDocument(definition.assumeRolePolicy)).length > trustPolicyCharactersMax) {
    throw new IdentityError(
      "LimitExceeded",
      `Cannot exceed quota for ACLSizePerRole: ${trustPolicyCharactersMax}`,
    );
  }
}
