/**
 * Who may connect: tokens, signed and verified.
 *
 * Promises: a token is accepted only if somebody of the account signed it for this cluster, this user and this time, and
 * their policies allow it. Nothing here says or logs a secret, a token or a signature.
 */
export {
  signToken,
  type TokenToSign,
  type TokenToVerify,
  tokenBytesMax,
  type VerifiedToken,
  verifyToken,
} from "./token.ts";
