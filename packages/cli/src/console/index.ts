/**
 * The console's part of the API: what its page asks for beyond the cluster's observations. SQL sessions, lint, schema, stacks
 * and functions; each made of the packages' own parts.
 *
 * Promises
 * - Whoever asks has been let in by the endpoint; here a request is only as large and as long as its bounds.
 * - A SQL session is a client's like any other: TLS, an IAM token, the role's rights.
 */
export { createConsole } from "./console.ts";
