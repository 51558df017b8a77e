/**
 * Sessions: one per connection. Authentication, settings, prepared statements, portals, the transaction block.
 *
 * Promises that each message is answered as PostgreSQL's protocol says, in order, and that a session's end leaves nothing.
 */
export type { SessionServices } from "./services.ts";
export { type Connection, Session } from "./session.ts";
