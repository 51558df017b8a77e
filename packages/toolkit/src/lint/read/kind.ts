/** Sorts statements as far as the rules about transactions ask: which are DDL, which change rows, which frame a block. */
import { listOf, namesOf, type TreeNode, unwrap } from "@dsql-local/spec";

/** What a statement means for its transaction. */
export type StatementKind =
  | "begin"
  | "commit"
  | "rollback"
  | "ddl"
  /** Changes rows: INSERT, UPDATE, DELETE, COPY FROM, also within EXPLAIN ANALYZE or a CTE. */
  | "write"
  | "read"
  /** SET, SHOW and the like. */
  | "session"
  | "analyze"
  | "waitForJob";

export function kindOf(node: unknown): StatementKind {
  const { type, fields } = unwrap(node) ?? { type: "", fields: {} };
  switch (type) {
    case "SelectStmt":
      return selectKind(fields);
    case "InsertStmt":
    case "UpdateStmt":
    case "DeleteStmt":
    case "MergeStmt":
      return "write";
    case "CopyStmt":
      return fields["is_from"] === true ? "write" : "read";
    case "ExplainStmt":
      return isAnalyze(fields) ? kindOf(fields["query"]) : "read";
    case "TransactionStmt":
      return transactionKind(fields);
    case "VariableSetStmt":
    case "VariableShowStmt":
    case "ConstraintsSetStmt":
    case "DeallocateStmt":
      return "session";
    case "VacuumStmt":
      return fields["is_vacuumcmd"] === true ? "ddl" : "analyze";
    case "CallStmt":
      return isWaitForJob(fields) ? "waitForJob" : "read";
    default:
      return "ddl";
  }
}

function selectKind(select: TreeNode): StatementKind {
  if (select["intoClause"] !== undefined) return "ddl";
  const withClause = select["withClause"] as TreeNode | undefined;
  const writes = listOf(withClause?.["ctes"]).some((cte) => {
    const query = unwrap(unwrap(cte)?.fields["ctequery"]);
    return query !== undefined && query.type !== "SelectStmt";
  });
  return writes ? "write" : "read";
}

/** `EXPLAIN ANALYZE` runs its statement; `EXPLAIN (ANALYZE off)` does not. */
function isAnalyze(explain: TreeNode): boolean {
  return listOf(explain["options"]).some((option) => {
    const { defname, arg } = (unwrap(option)?.fields ?? {}) as { defname?: string; arg?: unknown };
    const value = namesOf(arg === undefined ? [] : [arg])[0] ?? "";
    return defname === "analyze" && !/^(off|false)$/i.test(value);
  });
}

function transactionKind(transaction: TreeNode): StatementKind {
  switch (transaction["kind"]) {
    case "TRANS_STMT_BEGIN":
    case "TRANS_STMT_START":
      return "begin";
    case "TRANS_STMT_COMMIT":
      return "commit";
    case "TRANS_STMT_ROLLBACK":
      return "rollback";
    default:
      return "session";
  }
}

function isWaitForJob(call: TreeNode): boolean {
  const name = (call["funccall"] as TreeNode | undefined)?.["funcname"];
  return namesOf(name).join(".") === "sys.wait_for_job";
}
