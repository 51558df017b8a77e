/**
 * Where in a program a text of SQL stands: what it shares a transaction with, and which statement of the program is around it.
 *
 * - What `transaction(pool, (tx) => …)` and its like run on `tx` is one transaction.
 * - So is what `up(queryRunner)` of a TypeORM migration runs, unless its class says `transaction = false`.
 * - Everything else is a message of its own; the statements of one text are one message.
 *
 * Tests: code.test.ts.
 */
import { typeorm } from "./migration-tool.ts";
import { lastName, type Node, nodeField, nodesField, rootName } from "./program.ts";
import type { SqlSource } from "./source.ts";

export interface Surroundings {
  /** The function around it: statements follow each other there. */
  readonly sequence: string;
  /** Where the program's statement around it begins. */
  readonly anchor?: number;
  readonly transaction?: SharedTransaction;
  /** Within the arguments of a call on the transaction's client: `` tx.execute(sql`…`) ``. */
  readonly isOnClient?: boolean;
  /** Within a class that says `transaction = false`. */
  readonly isOutsideTransaction?: boolean;
}

interface SharedTransaction {
  readonly group: string;
  readonly reason: string;
  readonly ledgerOf?: string;
  /** The name that the function gives to what runs in the transaction. */
  readonly client: string;
}

/** Calls that run the function they are given in one transaction. */
const transactionCalls =
  /^(transaction\w*|withTransaction\w*|inTransaction|runInTransaction|begin|\$transaction)$/;

/** @returns the surroundings of a node's children, where they differ from its own */
export function surroundingsWithin(node: Node, outer: Surroundings): Surroundings | undefined {
  switch (node.type) {
    case "ClassBody":
      return { ...outer, isOutsideTransaction: saysTransactionFalse(node) };
    case "ClassMethod":
    case "ObjectMethod":
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ArrowFunctionExpression":
      return migrationMethod(node, outer) ?? { ...outer, sequence: `function ${node.start}` };
    case "ExpressionStatement":
    case "ReturnStatement":
    case "VariableDeclaration":
      return { ...outer, anchor: node.start };
    case "CallExpression":
      return (
        transactionCall(node, outer) ?? { ...outer, isOnClient: isOnClient(outer, nodeField(node, "callee")) }
      );
    default:
      return undefined;
  }
}

type Sharing = Pick<SqlSource, "transactionGroup" | "groupReason" | "ledgerOf" | "sequence" | "anchor">;

/**
 * @param runner - what runs the text: the callee or the tag
 * @param at - where the text stands
 */
export function sharingOf(surroundings: Surroundings, runner: Node | undefined, at: number): Sharing {
  const { sequence, transaction, anchor = at } = surroundings;
  if (transaction === undefined || !isOnClient(surroundings, runner)) {
    return { sequence, anchor, transactionGroup: `message ${at}`, groupReason: "sent as one message" };
  }
  const { group, reason, ledgerOf } = transaction;
  return {
    sequence,
    anchor,
    transactionGroup: group,
    groupReason: reason,
    ...(ledgerOf !== undefined && { ledgerOf }),
  };
}

const isOnClient = ({ transaction, isOnClient: within }: Surroundings, runner: Node | undefined): boolean =>
  transaction !== undefined && (within === true || rootName(runner) === transaction.client);

/** `transaction(pool, (tx) => …)`, `db.transaction().execute(async (trx) => …)`, `sql.begin(async (sql) => …)`. */
function transactionCall(call: Node, outer: Surroundings): Surroundings | undefined {
  const callee = nodeField(call, "callee");
  const name = lastName(callee);
  // Kysely's transaction().execute(fn).
  const maker = name === "execute" ? lastName(nodeField(nodeField(callee, "object"), "callee")) : name;
  const body = nodesField(call, "arguments").find(({ type }) => /Function/.test(type));
  const client = nodesField(body ?? call, "params")[0]?.["name"];
  if (!transactionCalls.test(maker) || typeof client !== "string") return undefined;
  const group = `transaction ${call.start}`;
  return {
    ...outer,
    transaction: { group, reason: `${maker}() runs its function in one transaction`, client },
  };
}

/** `up(queryRunner)` and `down(queryRunner)` of a TypeORM migration. */
function migrationMethod(method: Node, outer: Surroundings): Surroundings | undefined {
  const name = nodeField(method, "key")?.["name"];
  const client = nodesField(method, "params")[0]?.["name"];
  if ((name !== "up" && name !== "down") || client !== "queryRunner") return undefined;
  const sequence = `migration ${method.start}`;
  if (outer.isOutsideTransaction === true) return { ...outer, sequence };
  const { name: ledgerOf, reason } = typeorm;
  return { ...outer, sequence, transaction: { group: sequence, reason, ledgerOf, client } };
}

const saysTransactionFalse = (classBody: Node): boolean =>
  nodesField(classBody, "body").some(
    (member) =>
      nodeField(member, "key")?.["name"] === "transaction" && nodeField(member, "value")?.["value"] === false,
  );
