/**
 * Why DSQL refuses a statement, as data: one row a reason, dated, with its source. `acceptance.ts` has the other side.
 *
 * `rules` are those that a statement's own text decides. What needs the catalog (the type behind an index's column) or the
 * session (one DDL a transaction, 3,000 rows) is decided where that is known; `contextRules` lists it.
 *
 * The order is the order of the checks: the first rule that fits gives the answer.
 */
import { alterTableRules } from "./rows/alter-table.ts";
import { functionRules } from "./rows/functions.ts";
import { indexRules } from "./rows/indexes.ts";
import { roleRules } from "./rows/roles.ts";
import type { Rule } from "./rule.ts";
import { sequenceRules } from "./rows/sequences.ts";
import { settingRules } from "./rows/settings.ts";
import { statementRules } from "./rows/statements.ts";
import { tableRules } from "./rows/tables.ts";
import { temporarySchemaRules } from "./rows/temporary-schema.ts";
import { transactionRules } from "./rows/transactions.ts";
import { typeRules } from "./rows/types.ts";

export const rules: readonly Rule[] = [
  ...transactionRules,
  ...settingRules,
  ...statementRules,
  ...roleRules,
  ...indexRules,
  ...alterTableRules,
  ...temporarySchemaRules,
  ...tableRules,
  ...sequenceRules,
  ...typeRules,
  ...functionRules,
];

export { type Acceptance, acceptances, exampleSchema } from "./acceptance.ts";
export {
  type Condition,
  createSubject,
  findMatch,
  findMatches,
  type Pattern,
  type Subject,
  type Where,
} from "./match.ts";
export { type ContextRule, contextRules } from "./context.ts";
export { lockedRelations, type LockStrength } from "./locking.ts";
export {
  holdsAsOf,
  type PlacedRefusal,
  refusals,
  refuse,
  type RuleRefusal,
  rulesAsOf,
  type RuleSet,
} from "./refuse.ts";
export { type Mark, type Rule, type Topic, topics } from "./rule.ts";
export { type ColumnType, columnTypeOf } from "./type-name.ts";
export { isTreeNode, listOf, namesOf, type TreeNode, unwrap, visitNodes } from "./tree.ts";
