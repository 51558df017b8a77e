/** The commands of `dsql`, each with its options, its help and its action. */
export { envCommand } from "./env.ts";
export { sqlCommand } from "./sql.ts";
export { startCommand } from "./start.ts";
export { statusCommand } from "./status.ts";
export { stopCommand } from "./stop.ts";
export { tokenCommand } from "./token.ts";
