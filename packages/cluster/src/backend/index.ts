/**
 * The link to PostgreSQL: connections that are leased, what each is set to and has prepared, and who waits for whom there.
 *
 * Promises
 * - A lease is given back as it was taken: no setting, lock, sequence value or prepared text of one session meets another.
 * - No connection of the running cluster is a superuser, and none may become one.
 * - A request of the system never waits for a client's lock for longer than its bound.
 */
export { BackendPool, type Lease, type OnWait } from "./backend-pool.ts";
export { Backend, type BackendAddress, BackendLost, type Receiver, type RightsBreach } from "./backend.ts";
export { LockWatch } from "./lock-watch.ts";
export { backendStatementName, type PreparedText, TextCatalogue, unkept } from "./prepared-cache.ts";
export {
  isNotAllowed,
  PostgresError,
  request,
  requestBound,
  type Requester,
  type RequestResult,
  requestSimple,
} from "./request.ts";
export { RolePasswords } from "./role-passwords.ts";
export { SequenceValues } from "./sequence-values.ts";
export { type SettingsFound, settingsFound } from "./settings-found.ts";
export { Settings } from "./settings.ts";
export { SystemConnection, systemSettings } from "./system-connection.ts";
