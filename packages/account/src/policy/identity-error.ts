/** What IAM and STS refuse, in their words. */

export type IdentityErrorCode =
  "AccessDenied" | "LimitExceeded" | "MalformedPolicyDocument" | "NoSuchEntity" | "ValidationError";

/** What IAM and STS would answer: `code` is AWS's error code, `message` its words. */
export class IdentityError extends Error {
  readonly code: IdentityErrorCode;

  constructor(code: IdentityErrorCode, message: string) {
    super(message);
    this.name = "IdentityError";
    this.code = code;
  }
}
