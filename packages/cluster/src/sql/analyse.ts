/**
 * What a reading or writing statement touches: relations, functions, locks, subqueries.
 *
 * The names of CTEs look like relations in the tree; they are resolved away by their scope: in `WITH RECURSIVE` all names
 * of the clause are known to all its bodies, otherwise each body knows those before it.
 *
 * Tests: analyse.test.ts.
 */
import { lockedRelations, type TreeNode } from "@dsql-local/spec";
import { qualifiedNameEnd } from "@dsql-local/sql";
import type { CommonTableExpr, Node, RangeVar, WithClause } from "libpg-query";
import type { LockingClause, RelationRef } from "./statement.ts";
import { as, nodeType, stringOf } from "./tree.ts";

export interface Touched {
  readonly relations: readonly RelationRef[];
  readonly functions: readonly string[];
  readonly types: readonly string[];
  readonly lockingClause: LockingClause;
  readonly hasDataModifyingCte: boolean;
  readonly hasLimitOrOffset: boolean;
  readonly hasSubquery: boolean;
}

/** Where a node's `location` is in the statement's text. */
export interface StatementText {
  readonly text: string;
  offsetOf(location: number | undefined): number;
}

type Scope = ReadonlySet<string>;

/** Fields of a query that are looked at apart from its other fields. */
const skippedFields = new Set(["withClause", "relation", "intoClause"]);

const statementTypes = new Set(["SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"]);
const subqueryTypes = new Set(["SubLink", "RangeSubselect", "CommonTableExpr"]);

/** @param root - the node of the whole statement, or of the query within EXPLAIN or COPY */
export function analyse(root: Node, statement: StatementText): Touched {
  const walk = new Walk(statement);
  walk.value(root, new Set());
  return walk.touched();
}

export function relationRef(
  relation: RangeVar,
  statement: StatementText,
  how: { readonly role: RelationRef["role"]; readonly locked?: boolean },
): RelationRef {
  const start = statement.offsetOf(relation.location);
  return {
    schema: relation.schemaname,
    name: relation.relname ?? "",
    alias: relation.alias?.aliasname,
    start,
    end: qualifiedNameEnd(statement.text, start),
    role: how.role,
    locked: how.locked ?? false,
  };
}

class Walk {
  readonly #statement: StatementText;
  readonly #relations: RelationRef[] = [];
  readonly #functions = new Set<string>();
  readonly #types = new Set<string>();
  readonly #lockedForUpdate = new Set<object>();
  #lockingClause: LockingClause = "none";
  #hasDataModifyingCte = false;
  #hasLimitOrOffset = false;
  #hasSubquery = false;

  constructor(statement: StatementText) {
    this.#statement = statement;
  }

  touched(): Touched {
    return {
      relations: this.#relations.sort((left, right) => left.start - right.start),
      functions: [...this.#functions],
      types: [...this.#types],
      lockingClause: this.#lockingClause,
      hasDataModifyingCte: this.#hasDataModifyingCte,
      hasLimitOrOffset: this.#hasLimitOrOffset,
      hasSubquery: this.#hasSubquery,
    };
  }

  value(value: unknown, scope: Scope): void {
    if (Array.isArray(value)) for (const element of value) this.value(element, scope);
    else if (typeof value === "object" && value !== null) this.#fields(value, scope);
  }

  #fields(fields: object, scope: Scope): void {
    for (const field in fields) {
      const child = (fields as Record<string, unknown>)[field];
      // The relations that FOR UPDATE OF names are no further references.
      if (typeof child !== "object" || child === null || field === "lockedRels") continue;
      // The sides of a set operation are the only statements that stand without their type.
      const isSide = (field === "larg" || field === "rarg") && "op" in child && "limitOption" in child;
      if (isSide || statementTypes.has(field)) this.#query(child, scope);
      else if (field === "RangeVar") this.#relation(child, scope);
      else this.#other(field, child, scope);
    }
  }

  #other(type: string, fields: object, scope: Scope): void {
    if (subqueryTypes.has(type)) this.#hasSubquery = true;
    if (type === "FuncCall") {
      const name = stringOf((fields as { funcname?: Node[] }).funcname?.at(-1));
      if (name !== undefined) this.#functions.add(name.toLowerCase());
    } else if (type === "SQLValueFunction") {
      // SVFOP_CURRENT_TIMESTAMP and its like: functions that are called without parentheses.
      const operation = (fields as { op?: string }).op ?? "";
      this.#functions.add(operation.replace(/^SVFOP_|_N$/g, "").toLowerCase());
    }
    if (type === "typeName") this.#types.add(stringOf((fields as { names?: Node[] }).names?.at(-1)) ?? "");
    this.value(fields, scope);
  }

  #query(fields: object, outer: Scope): void {
    const query = fields as { withClause?: WithClause; relation?: RangeVar; lockingClause?: Node[] };
    const scope = query.withClause === undefined ? outer : this.#with(query.withClause, outer);
    if (query.lockingClause !== undefined) this.#locking(fields as TreeNode, query.lockingClause);
    if (query.relation !== undefined) {
      // The target of a write is a table even when a CTE has its name.
      this.#relations.push(relationRef(query.relation, this.#statement, { role: "target" }));
    }
    for (const field in fields) {
      const child = (fields as Record<string, unknown>)[field];
      if (skippedFields.has(field)) continue;
      if (field === "limitCount" || field === "limitOffset") this.#hasLimitOrOffset = true;
      if (typeof child !== "object" || child === null) continue;
      this.#fields({ [field]: child }, scope);
    }
  }

  #with(clause: WithClause, outer: Scope): Scope {
    const ctes = (clause.ctes ?? []).map((node) => as(node, "CommonTableExpr") ?? {});
    const scope = new Set(outer);
    if (clause.recursive === true) for (const cte of ctes) scope.add(cte.ctename ?? "");
    for (const cte of ctes) {
      this.#cte(cte, scope);
      scope.add(cte.ctename ?? "");
    }
    return scope;
  }

  #cte(cte: CommonTableExpr, scope: Scope): void {
    this.#hasSubquery = true;
    if (cte.ctequery !== undefined && nodeType(cte.ctequery) !== "SelectStmt")
      this.#hasDataModifyingCte = true;
    this.value(cte.ctequery, new Set(scope));
  }

  #locking(select: TreeNode, clauses: readonly Node[]): void {
    for (const clause of clauses) {
      const strength = as(clause, "LockingClause")?.strength;
      if (strength === "LCS_FORUPDATE") this.#lockingClause = "forUpdate";
      else if (strength === "LCS_FORKEYSHARE" && this.#lockingClause === "none")
        this.#lockingClause = "forKeyShare";
    }
    for (const [relation, strength] of lockedRelations(select)) {
      if (strength === "LCS_FORUPDATE") this.#lockedForUpdate.add(relation);
    }
  }

  #relation(relation: RangeVar, scope: Scope): void {
    if (relation.schemaname === undefined && scope.has(relation.relname ?? "")) return;
    const locked = this.#lockedForUpdate.has(relation);
    this.#relations.push(relationRef(relation, this.#statement, { role: "source", locked }));
  }
}
