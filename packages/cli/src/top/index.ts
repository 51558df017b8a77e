/**
 * One look at what goes on in a cluster, as text for a terminal or a pipe.
 *
 * Promises
 * - A screen fits the terminal that it is for, and obeys no control character of an application.
 */
export { lineOf, type Look, screenOf, type ScreenOptions, type Sort, sorts } from "./screen.ts";
