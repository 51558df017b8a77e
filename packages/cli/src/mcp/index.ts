/**
 * `dsql mcp`: a cluster for programs that speak the Model Context Protocol, an assistant's in the first place.
 *
 * Promises
 * - Nothing is changed unless the person who started it has allowed it: rows by `--allow-writes`, schema by `--allow-ddl`,
 *   roles and privileges never.
 * - Each statement that is sent to the cluster is in the audit log before it runs; if the log cannot be written, it does
 *   not run. Parameter values are not in the log.
 * - A call has a bound in rows, bytes and time, and calls at once are bounded too.
 *
 * Tests: test/mcp.test.ts, by the protocol's own client over stdio.
 */
export { serveStdio } from "@modelcontextprotocol/server/stdio";
export { AuditLog } from "./audit.ts";
export { Calls } from "./calls.ts";
export { mcpServer } from "./server.ts";
export type { McpSettings } from "./settings.ts";
export { Target } from "./target.ts";
