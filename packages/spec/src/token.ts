/**
 * IAM authentication tokens: the password of every connection. A token is a presigned `GET https://<endpoint>/?Action=…`
 * with the scheme cut off.
 *
 * Source: https://docs.aws.amazon.com/aurora-dsql/latest/userguide/SECTION_authentication-token.html
 */

/** Name of the service in the credential scope of tokens and requests. */
export const signingService = "dsql";

/** What a token asks for: `admin` connects with the second, every other user with the first. */
export type ConnectAction = "DbConnect" | "DbConnectAdmin";

export const administratorUser = "admin";

export const tokenExpirySecondsDefault = 900;

/** One week. */
export const tokenExpirySecondsMax = 604_800;

export function connectActionFor(user: string): ConnectAction {
  return user === administratorUser ? "DbConnectAdmin" : "DbConnect";
}
