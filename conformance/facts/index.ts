/**
 * What is known of the service beyond the rules for single statements, fact by fact, each with its source and how sure it
 * is. Scripts say in `# Facts:` lines which of them they judge; `docs/compatibility.md` is made of both.
 *
 * Tests: facts.test.ts holds that every measured fact is judged, or says why not.
 */
import { catalogFacts } from "./catalog.ts";
import { connectionFacts, identityFacts } from "./connections.ts";
import { definitionFacts } from "./definitions.ts";
import type { Fact } from "./fact.ts";
import { conflictFacts, limitFacts, transactionFacts } from "./transactions.ts";

export const facts: readonly Fact[] = [
  ...connectionFacts,
  ...identityFacts,
  ...transactionFacts,
  ...conflictFacts,
  ...limitFacts,
  ...definitionFacts,
  ...catalogFacts,
];

export { type Area, areas, type Fact } from "./fact.ts";
