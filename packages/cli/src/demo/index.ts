/**
 * `npm start`, step by step: the stack, the CDK, the database, one transfer, ten thousand, the proof.
 *
 * Promises: it can be done again on its data directory; a step that fails is named, with its reason and what to do, and
 * everything that was started is stopped.
 */
export { Demonstration, type DemonstrationOptions } from "./demonstration.ts";
