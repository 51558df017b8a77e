/**
 * Where clients arrive: sockets, TLS, WebSocket, the choice of the cluster by SNI, connection limits, cancel keys.
 *
 * Promises: a session sees only connections whose TLS handshake and start-up packet are complete and were meant for a
 * cluster that is here. No socket, however it misbehaves, ends the process, holds more than some kilobytes before it has a session, or
 * stays without one for longer than the handshake's deadline.
 */
export { type ConnectionRate, connectionRateDefault, connectionsMaxDefault } from "./admission.ts";
export type { CancelKey } from "./cancel-keys.ts";
export { type CertificateOptions, type Certificates, openCertificates } from "./certificate-authority.ts";
export { listenOn, type PortChoice } from "./listen.ts";
export {
  type ArrivedConnection,
  createListener,
  type ListenedCluster,
  type Listener,
  type ListenerOptions,
  type SessionHandle,
} from "./listener.ts";
export { Newcomers } from "./newcomers.ts";
export { type ClusterName, isLocalName, localName } from "./server-name.ts";
