/**
 * The cluster's observations over HTTP, under `/_dsql/`: for the command line, for tests in other languages.
 *
 * Promises
 * - Nothing is readable or changeable without the token, which stands in a file that its owner alone can read.
 * - A page of another origin gets nothing, also where its name leads to this machine.
 *
 * Reference: docs/guides/faults.md, docs/guides/why-did-my-transaction-lose.md.
 */
export { apiPath, ObservationApi, type ObservedCluster } from "./observation-api.ts";
export { newApiToken } from "./api-token.ts";
