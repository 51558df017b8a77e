/**
 * The cluster's observations over HTTP, under `/_dsql/`: for the command line, for tests in other languages,
 * and the console, a page over them.
 *
 * Promises
 * - Nothing is readable or changeable without the token, which stands in a file that its owner alone can read, or the
 *   cookie that a browser has got for it.
 * - A page of another origin gets nothing, also where its name leads to this machine.
 *
 * Reference: docs/guides/faults.md, docs/guides/why-did-my-transaction-lose.md.
 */
export {
  apiPath,
  type ApiRequest,
  type ConsoleParts,
  ObservationApi,
  type ObservedCluster,
} from "./observation-api.ts";
export { ApiRefusal } from "./refusal.ts";
export { openApiSecrets } from "./secrets.ts";
