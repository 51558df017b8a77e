/**
 * SQL on the command line: connecting to the running cluster, taking a script apart, showing what came back.
 *
 * Promises: a connection verifies the cluster's certificate; values are shown as the server wrote them, with nothing in
 * them that could steer the terminal.
 */
export { connect } from "./connect.ts";
export {
  errorAsJson,
  formatError,
  formatResult,
  isServerError,
  resultAsJson,
  type StatementResult,
} from "./result.ts";
export { splitStatements } from "./split-statements.ts";
