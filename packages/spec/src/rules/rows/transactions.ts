import { sources } from "../../sources.ts";
import type { Rule } from "../rule.ts";

const noSavepoints = {
  reason: "Aurora DSQL has no savepoints.",
  remedy: "Retry the whole transaction instead, and turn off savepoints in the driver or ORM.",
};
const noTwoPhase = {
  reason: "Aurora DSQL has no two-phase commit.",
  remedy: "COMMIT in one step; record in a table what other systems still have to do.",
};
const noChain = {
  reason: "Aurora DSQL's grammar knows AND NO CHAIN only.",
  remedy: "End the transaction, then BEGIN the next one.",
};

const transactionStatement = (
  id: string,
  kind: string,
  words: string,
  more: Pick<Rule, "mark" | "example" | "reason" | "remedy">,
): Rule => ({
  id,
  topic: "transactions",
  match: { node: "TransactionStmt", where: { kind } },
  message: `unsupported transaction statement: ${words}`,
  source: sources.emulator,
  ...more,
});

const lockingMessage = "locking clauses other than FOR UPDATE/FOR KEY SHARE are not supported";

/** In the order in which they are tried. */
export const transactionRules: readonly Rule[] = [
  {
    id: "isolation-level",
    topic: "transactions",
    match: {
      node: "DefElem",
      anywhere: true,
      where: {
        defname: "transaction_isolation",
        "arg.A_Const.sval.sval": { oneOf: ["serializable", "read committed", "read uncommitted"] },
      },
    },
    example: "BEGIN ISOLATION LEVEL SERIALIZABLE",
    reason: "Every transaction in Aurora DSQL runs REPEATABLE READ, that is snapshot isolation.",
    remedy:
      "Leave the level out: every transaction in Aurora DSQL runs REPEATABLE READ. Where write skew matters, read FOR UPDATE.",
    message: "Unsupported isolation level: {level}",
    slots: { level: { path: "arg.A_Const.sval.sval", show: "upperCase" } },
    source: sources.emulator,
    mark: "measured",
  },
  transactionStatement("savepoint", "TRANS_STMT_SAVEPOINT", "SAVEPOINT", {
    example: "SAVEPOINT a",
    ...noSavepoints,
    mark: "measured",
  }),
  transactionStatement("release-savepoint", "TRANS_STMT_RELEASE", "RELEASE", {
    example: "RELEASE SAVEPOINT a",
    ...noSavepoints,
    mark: "measured",
  }),
  transactionStatement("rollback-to-savepoint", "TRANS_STMT_ROLLBACK_TO", "ROLLBACK TO", {
    example: "ROLLBACK TO SAVEPOINT a",
    ...noSavepoints,
    mark: "measured",
  }),
  transactionStatement("prepare-transaction", "TRANS_STMT_PREPARE", "PREPARE TRANSACTION", {
    example: "PREPARE TRANSACTION 'a'",
    ...noTwoPhase,
    mark: "unsure",
  }),
  transactionStatement("commit-prepared", "TRANS_STMT_COMMIT_PREPARED", "COMMIT PREPARED", {
    example: "COMMIT PREPARED 'a'",
    ...noTwoPhase,
    mark: "unsure",
  }),
  transactionStatement("rollback-prepared", "TRANS_STMT_ROLLBACK_PREPARED", "ROLLBACK PREPARED", {
    example: "ROLLBACK PREPARED 'a'",
    ...noTwoPhase,
    mark: "unsure",
  }),
  {
    id: "commit-and-chain",
    topic: "transactions",
    match: { node: "TransactionStmt", where: { kind: "TRANS_STMT_COMMIT", chain: true } },
    example: "COMMIT AND CHAIN",
    ...noChain,
    message: "unsupported transaction statement: COMMIT AND CHAIN",
    source: sources.lint,
    mark: "unsure",
  },
  {
    id: "rollback-and-chain",
    topic: "transactions",
    match: { node: "TransactionStmt", where: { kind: "TRANS_STMT_ROLLBACK", chain: true } },
    example: "ROLLBACK AND CHAIN",
    ...noChain,
    message: "unsupported transaction statement: ROLLBACK AND CHAIN",
    source: sources.lint,
    mark: "unsure",
  },
  {
    id: "for-key-share",
    topic: "transactions",
    match: { node: "LockedRelation", anywhere: true, where: { strength: "LCS_FORKEYSHARE" } },
    example: "SELECT id FROM account FOR KEY SHARE",
    reason: "FOR KEY SHARE is taken since 2026-08-25.",
    remedy: "Use FOR UPDATE.",
    message: lockingMessage,
    source: sources.ministack,
    mark: "measured",
    until: "2026-08-25",
  },
  {
    id: "locking-clause",
    topic: "transactions",
    match: {
      node: "LockedRelation",
      anywhere: true,
      where: { strength: { oneOf: ["LCS_FORSHARE", "LCS_FORNOKEYUPDATE"] } },
    },
    example: "SELECT id FROM account FOR SHARE",
    reason: "Of the locking clauses Aurora DSQL has FOR UPDATE and FOR KEY SHARE.",
    remedy: "Use FOR UPDATE, or FOR KEY SHARE where only the row's key must stay.",
    message: lockingMessage,
    source: sources.ministack,
    mark: "measured",
  },
];
