/** The commands of `dsql`, each with its options, its help and its action. */
export { clusterCommand } from "./cluster.ts";
export { doctorCommand } from "./doctor.ts";
export { envCommand } from "./env.ts";
export { invokeCommand } from "./invoke.ts";
export { lintCommand } from "./lint.ts";
export { loadCommand } from "./load.ts";
export { logsCommand } from "./logs.ts";
export { migrateCommand } from "./migrate.ts";
export { mcpCommand } from "./mcp.ts";
export { rulesCommand } from "./rules.ts";
export { sqlCommand } from "./sql.ts";
export { startCommand } from "./start.ts";
export { statusCommand } from "./status.ts";
export { stopCommand } from "./stop.ts";
export { tokenCommand } from "./token.ts";
