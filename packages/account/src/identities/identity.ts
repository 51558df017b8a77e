/**
 * Who acts in the local account, and what the rest of the system may ask about them.
 *
 * The words are IAM's. `AccountIdentities` is the implementation; everyone else knows this interface only.
 */
import type { Policy } from "../policy/index.ts";

/** A key to sign with, and whose it is. */
export interface Credential {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials only: must be in every request signed with them. */
  readonly sessionToken?: string;
  readonly expiresAtMs?: number;
  /** The IAM user or the IAM *role*: what policies and `AWS IAM GRANT` name. */
  readonly principalArn: string;
  /** As STS shows it: `arn:aws:sts::<account>:assumed-role/<role>/<session>` for temporary credentials. */
  readonly callerArn: string;
  /** STS's unique id: `AIDA…` of a user, `AROA…:<session>` of an assumed role. */
  readonly userId?: string;
}

export interface AccessRequest {
  readonly principalArn: string;
  /** `dsql:DbConnect`, say. */
  readonly action: string;
  readonly resourceArn: string;
  /** Condition keys beyond those that the identities know themselves (`aws:PrincipalArn`, the time and so on). */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
  /** Of the resource, made by `parsePolicy(document, "resource")`. */
  readonly resourcePolicy?: Policy | undefined;
}

export interface RoleDefinition {
  readonly name: string;
  /** `/` unless given. */
  readonly path?: string;
  readonly arn: string;
  /** The trust policy: a JSON text or the object it would parse to. */
  readonly assumeRolePolicy: unknown;
  /** Longest session that `assumeRole` gives, 3,600 to 43,200; 3,600 unless given. */
  readonly maxSessionSeconds?: number;
}

/** A role as it is kept. Documents are the objects that their JSON texts parse to. */
export interface Role {
  readonly name: string;
  readonly path: string;
  readonly arn: string;
  /** `AROA…` */
  readonly id: string;
  readonly createdAtMs: number;
  readonly maxSessionSeconds: number;
  readonly assumeRolePolicy: unknown;
  /** Inline policies by name. */
  readonly policies: Readonly<Record<string, unknown>>;
  readonly managedPolicyArns: readonly string[];
}

/** Who asks is either a principal of the account or a service (`lambda.amazonaws.com`) acting on its behalf. */
export type AssumeRoleRequest = {
  readonly roleArn: string;
  readonly sessionName: string;
  /** 900 to the role's maximum; 3,600 unless given, or the maximum where that is less. */
  readonly durationSeconds?: number;
  /** Condition keys of the request, `sts:ExternalId` say. */
  readonly context?: Readonly<Record<string, string>>;
} & ({ readonly callerArn: string } | { readonly service: string });

export interface Identities {
  /** Twelve digits. */
  readonly account: string;
  /** The local account's own key: `arn:aws:iam::<account>:user/local-admin`, allowed everything. */
  readonly administrator: Credential;
  /** Temporary credentials are found until they are dropped: look at `expiresAtMs`. */
  find(accessKeyId: string): Credential | undefined;
  /**
   * Decides by the policies of the user or role and by the resource's: an explicit deny of either wins, and what nobody
   * allows is denied.
   */
  isAllowed(request: AccessRequest): boolean;

  /** Creates a role, or replaces its trust policy and session length and keeps its other policies. */
  putRole(role: RoleDefinition): Role;
  getRole(nameOrArn: string): Role | undefined;
  listRoles(): readonly Role[];
  /** Its policies and its sessions' credentials go with it. Nothing happens where there is no such role. */
  deleteRole(nameOrArn: string): void;
  putRolePolicy(nameOrArn: string, policyName: string, document: unknown): void;
  deleteRolePolicy(nameOrArn: string, policyName: string): void;
  attachManagedPolicy(nameOrArn: string, policyArn: string): void;
  detachManagedPolicy(nameOrArn: string, policyArn: string): void;

  /** @throws {IdentityError} `AccessDenied` where the trust policy or the caller's own policies do not allow it */
  assumeRole(request: AssumeRoleRequest): Credential;
  /** Whether `assumeRole` would give a credential; of the words and times of the request only the role is looked at. */
  mayAssume(request: AssumeRoleRequest): boolean;
}
