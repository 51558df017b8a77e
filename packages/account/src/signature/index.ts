/** AWS Signature Version 4: made, and judged. Pure functions over strings and bytes; the time is an argument. */
export * from "./sign.ts";
export {
  carriesSignature,
  readSignature,
  type SignatureClaim,
  type SignatureFailure,
  type SignatureRefusal,
  type SignatureVerdict,
  type SignedRequest,
  type VerificationOptions,
  verifyRequest,
  verifySignature,
} from "./verify.ts";
