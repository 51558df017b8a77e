/**
 * A small PostgreSQL client of our own, so that the conformance suite can judge any server: it shows every message,
 * sends whatever bytes it is told to, and shares no code with the cluster.
 */
export { type BackendMessage, type Column, type ErrorFields, type TransactionStatus } from "./backend.ts";
export { answerWithinMsDefault, Connection, ConnectionClosed, NoAnswer } from "./connection.ts";
export * as frontend from "./frontend.ts";
export { type Answer, type LoginOptions, ServerError, Session, summarize } from "./session.ts";
export {
  askForEncryption,
  type Negotiation,
  openSocket,
  openTransport,
  startTls,
  type Target,
} from "./transport.ts";
