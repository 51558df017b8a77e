import { sources } from "../sources.ts";
import type { Rule } from "./rule.ts";

const noSavepoints =
  "Aurora DSQL has no savepoints. Retry the whole transaction instead, and turn off savepoints in the driver or ORM.";

const transactionStatement = (id: string, kind: string, words: string, mark: Rule["mark"]): Rule => ({
  id,
  topic: "transactions",
  match: { node: "TransactionStmt", where: { kind } },
  message: `unsupported transaction statement: ${words}`,
  source: sources.emulator,
  mark,
});

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
    message: "Unsupported isolation level: {level}",
    slots: { level: { path: "arg.A_Const.sval.sval", show: "upperCase" } },
    hint: "Every transaction in Aurora DSQL runs REPEATABLE READ.",
    source: sources.emulator,
    mark: "measured",
  },
  {
    ...transactionStatement("savepoint", "TRANS_STMT_SAVEPOINT", "SAVEPOINT", "measured"),
    hint: noSavepoints,
  },
  {
    ...transactionStatement("release-savepoint", "TRANS_STMT_RELEASE", "RELEASE", "measured"),
    hint: noSavepoints,
  },
  {
    ...transactionStatement("rollback-to-savepoint", "TRANS_STMT_ROLLBACK_TO", "ROLLBACK TO", "measured"),
    hint: noSavepoints,
  },
  transactionStatement("prepare-transaction", "TRANS_STMT_PREPARE", "PREPARE TRANSACTION", "unsure"),
  transactionStatement("commit-prepared", "TRANS_STMT_COMMIT_PREPARED", "COMMIT PREPARED", "unsure"),
  transactionStatement("rollback-prepared", "TRANS_STMT_ROLLBACK_PREPARED", "ROLLBACK PREPARED", "unsure"),
  {
    id: "commit-and-chain",
    topic: "transactions",
    match: { node: "TransactionStmt", where: { kind: "TRANS_STMT_COMMIT", chain: true } },
    message: "unsupported transaction statement: COMMIT AND CHAIN",
    source: sources.lint,
    mark: "unsure",
  },
  {
    id: "rollback-and-chain",
    topic: "transactions",
    match: { node: "TransactionStmt", where: { kind: "TRANS_STMT_ROLLBACK", chain: true } },
    message: "unsupported transaction statement: ROLLBACK AND CHAIN",
    source: sources.lint,
    mark: "unsure",
  },
  {
    id: "for-key-share",
    topic: "transactions",
    match: { node: "LockedRelation", anywhere: true, where: { strength: "LCS_FORKEYSHARE" } },
    message: "locking clauses other than FOR UPDATE/FOR KEY SHARE are not supported",
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
    message: "locking clauses other than FOR UPDATE/FOR KEY SHARE are not supported",
    source: sources.ministack,
    mark: "measured",
  },
];
