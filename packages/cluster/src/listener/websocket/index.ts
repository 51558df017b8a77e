/**
 * PostgreSQL's protocol through WebSocket: how browsers and edge functions reach the service, at its port 443.
 *
 * Promises: what comes out is the plain stream of the protocol, whatever frames it came in; what goes in leaves as one
 * message of the protocol in one frame each, which AWS's own connector expects.
 *
 * Source: RFC 6455; https://github.com/awslabs/aurora-dsql-connectors (node/postgres-js).
 */
export { receiveUpgrade } from "./upgrade.ts";
export { WebSocketStream } from "./stream.ts";
