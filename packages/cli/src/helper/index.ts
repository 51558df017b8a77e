/**
 * The tests of the talk's chapters: each invokes the deployed function as its chapter needs it, prints what the talk
 * prints, and says whether the function does what the chapter promises.
 *
 * It promises that after every load the balances are added up and the history is counted, where the cluster can be
 * reached, and that a run that was interrupted still reports what it did.
 */
export { type Flags, callRate, chapterNumber, positive, sharedOptions } from "./flags.ts";
export { testGreeting } from "./greeting.ts";
export type { HelperOptions, Outcome } from "./options.ts";
export { setUpAccounts } from "./setup.ts";
export { findTarget } from "./target.ts";
export { testStress } from "./stress.ts";
export { type SustainedFlags, sustainLoad, sustainedDefaults } from "./sustained.ts";
export { testHistory, testTransfer } from "./transfer.ts";
