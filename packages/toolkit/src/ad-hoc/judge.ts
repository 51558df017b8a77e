/**
 * What a statement does, by its parse tree.
 *
 * Every node of the tree is looked at, wherever it stands: an INSERT in a CTE of a subquery of a view's definition is a
 * node like any other. A kind of statement that no list names is refused, so what a later parser adds is too.
 *
 * Tests: judge.test.ts, test/ad-hoc.test.ts.
 */
import { listOf, namesOf, type TreeNode, unwrap } from "@dsql-local/spec";
import { statementTree } from "../lint/index.ts";

/** refused: neither a query nor a change of rows or schema that is offered. */
export type Effect = "read" | "write" | "ddl" | "refused";

/** What is known of a statement before it runs. */
export interface Judgement {
  /** As given, without the semicolon. */
  readonly sql: string;
  readonly effect: Effect;
  /** Why it is refused; a sentence without a full stop. */
  readonly reason?: string;
  /** Whether EXPLAIN takes it. */
  readonly isExplainable: boolean;
  /** Functions it calls, by their last name: whether they have side effects, the catalog knows. */
  readonly functions: readonly string[];
  /** Names that may be columns or, as in `(1.5::float8).pg_sleep`, functions of one argument. */
  readonly attributes: readonly string[];
}

/** The parser's memory grows with the text; the service takes no more either way. */
export const statementCharactersMax = 100_000;

/** @param sql - one statement; more than one, none, or what does not parse is refused */
export async function judgeStatement(sql: string): Promise<Judgement> {
  if (sql.length > statementCharactersMax) {
    return refused(sql, `the statement has more than ${statementCharactersMax} characters`);
  }
  const tree = await statementTree(sql);
  return "problem" in tree ? refused(sql, tree.problem) : judge(tree.text, tree);
}

function judge(sql: string, subject: { readonly type: string; readonly fields: TreeNode }): Judgement {
  const survey = new Survey();
  survey.visit({ [subject.type]: subject.fields });
  const { functions, attributes } = survey;
  const verdict = verdictOf(subject, survey);
  return {
    sql,
    isExplainable: verdict.effect !== "refused" && explainable.has(subject.type),
    functions: [...functions],
    attributes: [...attributes],
    ...verdict,
  };
}

type Verdict = Pick<Judgement, "effect" | "reason">;

const explainable = new Set(["SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"]);
const changesOfRows = new Set(["InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"]);

/** What changes the schema and nothing else: no roles, no privileges, no code. */
const ddl = new Set([
  "AlterDomainStmt",
  "AlterSeqStmt",
  "AlterTableStmt",
  "CommentStmt",
  "CreateDomainStmt",
  "CreateSchemaStmt",
  "CreateSeqStmt",
  "CreateStatsStmt",
  "CreateStmt",
  "DropStmt",
  "IndexStmt",
  "RenameStmt",
  "ViewStmt",
]);

function verdictOf({ type, fields }: { type: string; fields: TreeNode }, survey: Survey): Verdict {
  const inner = [...survey.statements];
  if (type === "ExplainStmt") return explainVerdict(fields, survey);
  if (type === "VariableShowStmt") return { effect: "read" };
  if (type === "SelectStmt" || changesOfRows.has(type)) {
    const stranger = inner.find((one) => one !== "SelectStmt" && !changesOfRows.has(one));
    if (stranger !== undefined) return unknown(stranger);
    if (survey.makesTable) {
      return { effect: "refused", reason: "SELECT INTO makes a table: write CREATE TABLE and INSERT" };
    }
    const writes = inner.some((one) => changesOfRows.has(one)) || survey.locks;
    return { effect: writes ? "write" : "read" };
  }
  if (!ddl.has(type)) return unknown(type);
  const stranger = inner.find((one) => one !== "SelectStmt" && !ddl.has(one));
  if (stranger !== undefined) return unknown(stranger);
  if (survey.changesRoles) return unknown("AlterOwnerStmt");
  return survey.changesCode ? unknown("CreateFunctionStmt") : { effect: "ddl" };
}

/** EXPLAIN of what reads. EXPLAIN of a change has a way of its own, which never runs it. */
function explainVerdict(explain: TreeNode, survey: Survey): Verdict {
  const explained = unwrap(explain["query"]);
  const isPlain = [...survey.statements].every((type) => type === "ExplainStmt" || type === "SelectStmt");
  if (explained?.type === "SelectStmt" && isPlain && !survey.makesTable && !survey.locks)
    return { effect: "read" };
  return { effect: "refused", reason: "EXPLAIN is taken here of what reads only" };
}

const reasons: Readonly<Record<string, string>> = {
  "": "roles and privileges are not changed here",
  TransactionStmt: "the call is the transaction: BEGIN, COMMIT and savepoints have no place in it",
  VariableSetStmt: "a setting would outlive the statement",
  CopyStmt: "COPY moves files: use `dsql load`",
  PrepareStmt: "statements are prepared by the protocol: give the statement itself, with its parameters",
  ExecuteStmt: "give the statement itself, with its parameters",
  CallStmt: "procedures are not called here",
  DoStmt: "a code block cannot be judged",
  CreateFunctionStmt: "a function is code that later statements would run unjudged: use a migration",
  GrantStmt: "roles and privileges are not changed here",
  GrantRoleStmt: "roles and privileges are not changed here",
  CreateRoleStmt: "roles and privileges are not changed here",
  AlterRoleStmt: "roles and privileges are not changed here",
  DropRoleStmt: "roles and privileges are not changed here",
  AlterOwnerStmt: "roles and privileges are not changed here",
  AlterDefaultPrivilegesStmt: "roles and privileges are not changed here",
};

const unknown = (type: string): Verdict => ({
  effect: "refused",
  reason: reasons[type] ?? `statements of this kind (${type.replace(/Stmt$/, "")}) are not run here`,
});

function refused(sql: string, reason: string): Judgement {
  return { sql, effect: "refused", reason, isExplainable: false, functions: [], attributes: [] };
}

/** Where DROP, RENAME and COMMENT say what kind of thing they are about. */
const kindFields = new Set(["removeType", "renameType", "objtype"]);
const code: ReadonlySet<unknown> = new Set([
  "OBJECT_AGGREGATE",
  "OBJECT_FUNCTION",
  "OBJECT_PROCEDURE",
  "OBJECT_ROUTINE",
]);

/** What stands anywhere in a tree. Types are keys that begin with a capital; fields begin with a small letter. */
class Survey {
  readonly statements = new Set<string>();
  readonly functions = new Set<string>();
  readonly attributes = new Set<string>();
  makesTable = false;
  locks = false;
  changesRoles = false;
  changesCode = false;

  visit(value: unknown): void {
    // A list instead of a call for each level: trees may be deeper than the stack.
    const open: unknown[] = [value];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (Array.isArray(next)) {
        for (const item of next) if (isObject(item)) open.push(item);
        continue;
      }
      if (!isObject(next)) continue;
      for (const [key, field] of Object.entries(next)) {
        this.#note(key, field);
        if (isObject(field)) open.push(field);
      }
    }
  }

  #note(key: string, field: unknown): void {
    if (/^[A-Z]/.test(key) && key.endsWith("Stmt")) this.statements.add(key);
    else if (key === "intoClause") this.makesTable = true;
    else if (key === "LockingClause") this.locks = true;
    else if (key === "FuncCall") this.#addLast(this.functions, (field as TreeNode)["funcname"]);
    else if (key === "ColumnRef") this.#addQualified((field as TreeNode)["fields"]);
    else if (key === "A_Indirection") this.#addAll((field as TreeNode)["indirection"]);
    else if (key === "subtype" && field === "AT_ChangeOwner") this.changesRoles = true;
    else if (key === "authrole") this.changesRoles = true;
    else if (kindFields.has(key)) {
      this.changesRoles ||= field === "OBJECT_ROLE";
      this.changesCode ||= code.has(field);
    }
  }

  #addLast(names: Set<string>, list: unknown): void {
    const name = namesOf(list).at(-1);
    if (name !== undefined) names.add(name);
  }

  /** A lone name is a column; `t.name` may be a function of the row. */
  #addQualified(list: unknown): void {
    if (listOf(list).length > 1) this.#addLast(this.attributes, list);
  }

  #addAll(list: unknown): void {
    for (const name of namesOf(list)) this.attributes.add(name);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
