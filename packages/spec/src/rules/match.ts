/**
 * Decides whether a pattern, which is data, fits a statement's parse tree.
 *
 * A pattern names a type of node and states conditions on its fields by path: `options.0.DefElem.defname` goes through
 * lists by number (-1 is the last) and through a node's wrapper by its type. Fields that PostgreSQL leaves out because they
 * are zero, false or empty are undefined here.
 *
 * Pure; shared by the cluster, which refuses, and a lint, which warns.
 * Tests: match.test.ts.
 */
import { type LimitName, limits } from "../limits.ts";
import { derivedNodes } from "./derived.ts";
import { isTreeNode, listOf, type TreeNode, unwrap, visitNodes } from "./tree.ts";

export interface Pattern {
  /** Type of the node: one that PostgreSQL's parser gives, or one of `derived.ts`. */
  readonly node: string;
  /** Not only the statement itself but any node in it. */
  readonly anywhere?: true;
  readonly where?: Where;
  /** Whether DSQL's ASYNC was written. */
  readonly isAsync?: boolean;
  /** Not in the body of a function: there it is found when the function is called. */
  readonly isOutsideFunctions?: true;
  /** A keyword that stands outside all parentheses, for what the tree does not tell. */
  readonly written?: string;
}

/** All must hold. */
export type Where = { readonly [path: string]: Condition };

type Scalar = string | number | boolean;

/** A scalar: the field equals it. */
export type Condition =
  | Scalar
  | { readonly present: boolean }
  | { readonly oneOf: readonly (Scalar | undefined)[] }
  /** The field is there and is none of these; names are compared without regard to case. */
  | { readonly noneOf: readonly string[] }
  | { readonly matches: RegExp }
  /** Both ends included. */
  | { readonly between: readonly [number, number] }
  | { readonly countAtLeast: number }
  /** A number up to this one; PostgreSQL leaves a zero out. */
  | { readonly notAbove: number }
  /** A number, or the count of a list, above a limit: the service's, or the lower one that a cluster was given. */
  | { readonly above: LimitName; readonly lowered?: number }
  /** An element of the list fits. */
  | { readonly some: Where }
  /** No element fits; also true of a missing list. */
  | { readonly none: Where };

/** A statement with all that patterns ask about. Build it once, match many. */
export interface Subject {
  readonly type: string;
  readonly fields: TreeNode;
  readonly isAsync: boolean;
  /** It makes a function, or stands in the body of one; a lint, which warns, need not say so. */
  readonly isOfFunction?: boolean;
  /** @returns whether the keyword stands outside all parentheses */
  writes(keyword: string): boolean;
  /** All nodes by type, derived ones included, in the order of the text. */
  readonly nodes: ReadonlyMap<string, readonly TreeNode[]>;
}

export function createSubject(
  node: unknown,
  text: Pick<Subject, "isAsync" | "isOfFunction" | "writes">,
): Subject {
  const nodes = new Map<string, TreeNode[]>();
  const add = (type: string, fields: TreeNode): void => {
    const sameType = nodes.get(type);
    if (sameType === undefined) nodes.set(type, [fields]);
    else sameType.push(fields);
  };
  visitNodes(node, (type, fields) => {
    add(type, fields);
    for (const derived of derivedNodes(type, fields, node)) add(derived.type, derived.fields);
  });
  const { type, fields } = unwrap(node) ?? { type: "", fields: {} };
  return { type, fields, nodes, ...text };
}

/** @returns the first node that fits */
export function findMatch(subject: Subject, pattern: Pattern): TreeNode | undefined {
  const found = candidates(subject, pattern).find((candidate) => fits(candidate, pattern.where ?? {}));
  return found !== undefined && isWritten(subject, pattern) ? found : undefined;
}

/** @returns every node that fits, in the order of the text: for a lint, which shows them all */
export function findMatches(subject: Subject, pattern: Pattern): readonly TreeNode[] {
  const found = candidates(subject, pattern).filter((candidate) => fits(candidate, pattern.where ?? {}));
  return found.length > 0 && isWritten(subject, pattern) ? found : [];
}

function candidates(subject: Subject, pattern: Pattern): readonly TreeNode[] {
  if (pattern.isAsync !== undefined && pattern.isAsync !== subject.isAsync) return [];
  if (pattern.isOutsideFunctions === true && subject.isOfFunction === true) return [];
  return pattern.anywhere === true ? (subject.nodes.get(pattern.node) ?? []) : topNode(subject, pattern);
}

/** Asked last: it is the only question that needs the text's lexemes. */
const isWritten = (subject: Subject, { written }: Pattern): boolean =>
  written === undefined || subject.writes(written);

const topNode = (subject: Subject, pattern: Pattern): readonly TreeNode[] =>
  subject.type === pattern.node ? [subject.fields] : [];

function fits(node: TreeNode, where: Where): boolean {
  return Object.entries(where).every(([path, condition]) => holds(valueAt(node, path), condition));
}

function holds(value: unknown, condition: Condition): boolean {
  if (typeof condition !== "object") return value === condition;
  if ("present" in condition) return (value !== undefined) === condition.present;
  if ("oneOf" in condition) return condition.oneOf.includes(value as Scalar);
  if ("noneOf" in condition)
    return typeof value === "string" && !condition.noneOf.includes(value.toLowerCase());
  if ("matches" in condition) return typeof value === "string" && condition.matches.test(value);
  if ("above" in condition) return isAbove(value, condition.lowered ?? limits[condition.above].value);
  if ("notAbove" in condition)
    return typeof (value ?? 0) === "number" && Number(value ?? 0) <= condition.notAbove;
  if ("countAtLeast" in condition) return listOf(value).length >= condition.countAtLeast;
  if ("some" in condition)
    return listOf(value).some((element) => isTreeNode(element) && fits(element, condition.some));
  if ("none" in condition)
    return !listOf(value).some((element) => isTreeNode(element) && fits(element, condition.none));
  const [least, most] = condition.between;
  return typeof value === "number" && value >= least && value <= most;
}

function isAbove(value: unknown, limit: number): boolean {
  const count: unknown = Array.isArray(value) ? value.length : value;
  return typeof count === "number" && count > limit;
}

/** @param path - field names, list indexes and node types, joined by dots */
export function valueAt(node: TreeNode, path: string): unknown {
  let value: unknown = node;
  for (const step of path.split(".")) {
    if (Array.isArray(value)) value = (value as readonly unknown[]).at(Number(step));
    else if (isTreeNode(value)) value = value[step];
    else return undefined;
  }
  return value;
}
