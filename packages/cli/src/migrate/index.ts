/** What `dsql migrate` shows: a plan, how a run goes on, and the state of each migration. */
export { planAsText } from "./plan-text.ts";
export { eventLine } from "./event-line.ts";
export { statusAsText } from "./status-text.ts";
