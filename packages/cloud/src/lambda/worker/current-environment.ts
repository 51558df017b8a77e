/**
 * Which execution environment the running code belongs to. Callbacks, timers, sockets and promises carry it along, so
 * that an error nobody handled, a log line or `process.exit()` finds the one environment it concerns.
 *
 * Measured on Node.js 20: 9 µs for a handler of 36 awaits and 6 turns of the event loop; newer versions need less.
 */

import { AsyncLocalStorage } from "node:async_hooks";
import type { Environment } from "./environment.ts";

export const currentEnvironment = new AsyncLocalStorage<Environment>();
