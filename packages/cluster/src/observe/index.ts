/**
 * What happens in a cluster, gathered for those who look: events as they come, and the conflicts of late as stories.
 *
 * Promises
 * - All that is kept is bounded; what is oldest is forgotten.
 * - A subscriber that does not read costs its bound and nothing more.
 * - Nothing here changes what the cluster does. No other part imports this one.
 */
export type { Activity, ActivityCounts } from "./activity.ts";
export type { StatementStatistics } from "./statement-statistics.ts";
export { type Conflict, conflictOf } from "./conflict.ts";
export { EventFeed, type ObservedEvent } from "./event-feed.ts";
export { logEventOf } from "./log-event.ts";
export { Observation } from "./observation.ts";
export { withoutValues } from "./without-values.ts";
