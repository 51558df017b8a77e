/**
 * Sorts a parsed statement into the kinds that a session treats differently.
 *
 * A statement that a rule refuses is classified all the same: in a failed block the session answers 25P02 and never looks
 * at the refusal.
 *
 * Tests: classify.test.ts.
 */
import { applyEdits, lex } from "@dsql-local/sql";
import type { CopyStmt, ExplainStmt, Node, TransactionStmt, VariableSetStmt } from "libpg-query";
import { analyse, relationRef, type StatementText, type Touched } from "./analyse.ts";
import { commandTag } from "./command-tag.ts";
import { type Constants, constantsOf } from "./constants.ts";
import { ddlRelations, relationNames } from "./ddl-relations.ts";
import { ddlShape } from "./ddl-shape.ts";
import { dmlShape } from "./dml-shape.ts";
import { settingValue } from "./setting-value.ts";
import type { Analysis, DmlShape, StatementKind } from "./statement.ts";
import { as, constantText, nodeType, stringsOf } from "./tree.ts";

/** @param asyncAt - UTF-16 offset in the text where DSQL's ASYNC stood */
export function classify(node: Node, statement: StatementText, asyncAt?: number): StatementKind {
  const query = queryCommand(node);
  if (query !== undefined) return readOrWrite(query, { node, root: node, statement });
  const transaction = as(node, "TransactionStmt");
  if (transaction !== undefined) return transactionKind(transaction, node);
  const explain = as(node, "ExplainStmt");
  if (explain?.query !== undefined)
    return explainKind(explain, explain.query, { node, root: explain.query, statement });
  const copy = as(node, "CopyStmt");
  if (copy !== undefined) return copyKind(copy, node, statement);
  return sessionKind(node) ?? utilityKind(node, statement, asyncAt);
}

type QueryCommand = "select" | "insert" | "update" | "delete";

const commandByType: Readonly<Record<string, QueryCommand>> = {
  SelectStmt: "select",
  InsertStmt: "insert",
  UpdateStmt: "update",
  DeleteStmt: "delete",
};

/** SELECT … INTO makes a table, so it is no query. */
function queryCommand(node: Node): QueryCommand | undefined {
  const isInto = as(node, "SelectStmt")?.intoClause !== undefined;
  return isInto ? undefined : commandByType[nodeType(node)];
}

interface Query {
  /** The statement. */
  readonly node: Node;
  /** The query in it: the same, but for EXPLAIN and COPY. */
  readonly root: Node;
  readonly statement: StatementText;
}

function readOrWrite(command: QueryCommand, query: Query): StatementKind {
  const touched = analyse(query.root, query.statement);
  const writes = command !== "select" || touched.hasDataModifyingCte;
  const analysis = new QueryAnalysis(command, touched, query);
  return { kind: writes ? "write" : "read", analysis };
}

/** Finds its DML shape when asked: only a statement that has to be rewritten pays for it. */
class QueryAnalysis implements Analysis {
  readonly command: Analysis["command"];
  readonly relations: Analysis["relations"];
  readonly functions: Analysis["functions"];
  readonly types: Analysis["types"];
  readonly lockingClause: Analysis["lockingClause"];
  readonly hasDataModifyingCte: boolean;
  readonly hasLimitOrOffset: boolean;
  readonly hasSubquery: boolean;
  readonly hasReturning: boolean;
  readonly tree: Node;
  readonly #query: Query;
  #dml: DmlShape | undefined;
  #constants: Constants | undefined;

  constructor(command: Analysis["command"], touched: Touched, query: Query) {
    this.command = command;
    this.relations = touched.relations;
    this.functions = touched.functions;
    this.types = touched.types;
    this.lockingClause = touched.lockingClause;
    this.hasDataModifyingCte = touched.hasDataModifyingCte;
    this.hasLimitOrOffset = touched.hasLimitOrOffset;
    this.hasSubquery = touched.hasSubquery;
    this.hasReturning = hasReturning(query.node);
    this.tree = query.node;
    this.#query = query;
  }

  get dml(): DmlShape | undefined {
    this.#dml ??= dmlShape(this.#query.node, this.#query.statement);
    return this.#dml;
  }

  get constants(): Constants {
    this.#constants ??= constantsOf(this.tree);
    return this.#constants;
  }
}

function hasReturning(node: Node): boolean {
  const dml = as(node, "InsertStmt") ?? as(node, "UpdateStmt") ?? as(node, "DeleteStmt");
  return dml?.returningList !== undefined;
}

/** EXPLAIN ANALYZE runs its statement. */
function explainKind(explain: ExplainStmt, root: Node, query: Query): StatementKind {
  const touched = analyse(root, query.statement);
  const writes = commandByType[nodeType(root)] !== "select" || touched.hasDataModifyingCte;
  const runs = (explain.options ?? []).some((option) => {
    const { defname, arg } = as(option, "DefElem") ?? {};
    return defname === "analyze" && !isFalse(arg);
  });
  const analysis = new QueryAnalysis("explain", touched, query);
  return { kind: writes && runs ? "write" : "read", analysis };
}

function isFalse(argument: Node | undefined): boolean {
  if (argument === undefined) return false;
  const integer = as(argument, "Integer");
  if (integer !== undefined) return (integer.ival ?? 0) === 0;
  return /^(false|off)$/i.test(stringsOf([argument])[0] ?? "");
}

function copyKind(copy: CopyStmt, node: Node, statement: StatementText): StatementKind {
  if (copy.relation !== undefined) {
    const isWrite = copy.is_from === true;
    const relation = relationRef(copy.relation, statement, { role: isWrite ? "target" : "source" });
    const touched = { ...analyse(node, statement), relations: [relation] };
    const analysis = new QueryAnalysis(isWrite ? "copyIn" : "copyOut", touched, {
      node,
      root: node,
      statement,
    });
    return { kind: isWrite ? "write" : "read", analysis };
  }
  const root = copy.query ?? node;
  const touched = analyse(root, statement);
  const writes = commandByType[nodeType(root)] !== "select" || touched.hasDataModifyingCte;
  const analysis = new QueryAnalysis("copyOut", touched, { node, root, statement });
  return { kind: writes ? "write" : "read", analysis };
}

function transactionKind(transaction: TransactionStmt, node: Node): StatementKind {
  switch (transaction.kind) {
    case "TRANS_STMT_BEGIN":
    case "TRANS_STMT_START":
      return beginKind(transaction);
    case "TRANS_STMT_COMMIT":
      return { kind: "commit" };
    case "TRANS_STMT_ROLLBACK":
      return { kind: "rollback" };
    default:
      return ddlKind(node);
  }
}

function beginKind({ options }: TransactionStmt): StatementKind {
  const readOnly = accessMode(options);
  const isDeferrable = modeOf(options, "transaction_deferrable");
  return { kind: "begin", readOnly, ...(isDeferrable !== undefined && { isDeferrable }) };
}

function accessMode(options: readonly Node[] | undefined): boolean | undefined {
  return modeOf(options, "transaction_read_only");
}

function modeOf(options: readonly Node[] = [], name: string): boolean | undefined {
  const modes = options.map((option) => as(option, "DefElem") ?? {});
  const mode = modes.findLast(({ defname }) => defname === name);
  return mode && (as(mode.arg, "A_Const")?.ival?.ival ?? 0) !== 0;
}

function sessionKind(node: Node): StatementKind | undefined {
  const set = as(node, "VariableSetStmt");
  if (set !== undefined) return settingKind(set);
  const show = as(node, "VariableShowStmt");
  if (show !== undefined) return { kind: "show", name: show.name ?? "" };
  const deallocate = as(node, "DeallocateStmt");
  if (deallocate !== undefined && deallocate.name === undefined) return { kind: "deallocateAll" };
  if (as(node, "ConstraintsSetStmt") !== undefined) return { kind: "setConstraints" };
  return undefined;
}

function settingKind(set: VariableSetStmt): StatementKind {
  const name = set.name ?? "";
  if (set.kind === "VAR_RESET_ALL") return { kind: "reset", name: undefined };
  if (set.kind === "VAR_SET_MULTI" && name === "SESSION CHARACTERISTICS") {
    // PostgreSQL keeps it in a setting that no client can name in SET.
    const value = accessMode(set.args) === true ? "on" : "off";
    return { kind: "set", name: "default_transaction_read_only", value, isLocal: false };
  }
  if (set.kind === "VAR_RESET") return { kind: "reset", name };
  const value = set.kind === "VAR_SET_VALUE" ? settingValue(set.args ?? []) : undefined;
  return { kind: "set", name, value, isLocal: set.is_local === true };
}

function utilityKind(node: Node, statement: StatementText, asyncAt: number | undefined): StatementKind {
  const vacuum = as(node, "VacuumStmt");
  if (vacuum !== undefined && vacuum.is_vacuumcmd !== true) {
    return { kind: "analyze", isOfAll: vacuum.rels === undefined, relations: relationNames(vacuum.rels) };
  }
  const call = callKind(node, statement);
  if (call !== undefined) return call;
  if (asyncAt !== undefined) return asyncKind(node, statement, asyncAt);
  return ddlKind(node);
}

/** CALL of anything but sys.wait_for_job is left to PostgreSQL, which finds no such procedure. */
function callKind(node: Node, statement: StatementText): StatementKind | undefined {
  const call = as(node, "CallStmt")?.funccall;
  if (call === undefined) return undefined;
  const [schema, name] = stringsOf(call.funcname);
  const [argument, ...others] = call.args ?? [];
  if (schema === "sys" && name === "wait_for_job" && argument !== undefined && others.length === 0) {
    const jobId = isNull(argument) ? "" : (constantText(argument) ?? parameterOf(argument));
    return { kind: "waitForJob", jobId: jobId ?? { query: argumentsSelected(statement.text) } };
  }
  const analysis = new QueryAnalysis("select", analyse(node, statement), { node, root: node, statement });
  return { kind: "read", analysis };
}

/** @param call - `CALL name(…)`. @returns `SELECT (…)`, of the same length */
function argumentsSelected(call: string): string {
  const open = lex(call).find(({ start }) => call[start] === "(")?.start ?? call.length;
  return "SELECT".padEnd(open) + call.slice(open);
}

/** NULL is no job's identifier, as the empty text is none. */
function isNull(node: Node | undefined): boolean {
  return as(as(node, "TypeCast")?.arg ?? node, "A_Const")?.isnull === true;
}

function parameterOf(node: Node | undefined): { readonly parameter: number } | undefined {
  const cast = as(node, "TypeCast");
  if (cast !== undefined) return parameterOf(cast.arg);
  const parameter = as(node, "ParamRef");
  return parameter && { parameter: parameter.number ?? 0 };
}

function asyncKind(node: Node, statement: StatementText, asyncAt: number): StatementKind {
  const index = as(node, "IndexStmt");
  if (index?.relation !== undefined) {
    const { text } = statement;
    return {
      kind: "createIndexAsync",
      unique: index.unique === true,
      ifNotExists: index.if_not_exists === true,
      index: index.idxname,
      table: relationRef(index.relation, statement, { role: "target" }),
      concurrentText: applyEdits(text, [
        { start: asyncAt, end: asyncAt + "ASYNC".length, text: "CONCURRENTLY" },
      ]),
    };
  }
  const alter = as(node, "AlterTableStmt");
  const action = as(alter?.cmds?.[0], "AlterTableCmd");
  if (alter?.relation === undefined || action?.subtype !== "AT_ValidateConstraint") {
    return ddlKind(node);
  }
  const table = relationRef(alter.relation, statement, { role: "target" });
  const ifExists = alter.missing_ok === true;
  return { kind: "validateConstraintAsync", table, constraint: action.name ?? "", ifExists };
}

function ddlKind(node: Node): StatementKind {
  const roles = endedRoles(node);
  return {
    kind: "ddl",
    command: commandTag(node),
    relations: ddlRelations(node),
    shape: ddlShape(node),
    ...(roles.length > 0 && { endedRoles: roles }),
  };
}

function endedRoles(node: Node): string[] {
  const rename = as(node, "RenameStmt");
  if (rename?.renameType === "OBJECT_ROLE") return [rename.subname ?? ""];
  return (as(node, "DropRoleStmt")?.roles ?? []).map((role) => as(role, "RoleSpec")?.rolename ?? "");
}
