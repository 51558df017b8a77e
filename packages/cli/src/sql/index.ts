/**
 * SQL on the command line: showing what came back.
 *
 * Promises: values are shown as the server wrote them, with nothing in them that could steer the terminal.
 */
export {
  errorAsJson,
  formatError,
  formatResult,
  isServerError,
  resultAsJson,
  type StatementResult,
} from "./result.ts";
