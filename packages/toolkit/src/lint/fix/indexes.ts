/** Fixes of CREATE INDEX and DROP INDEX. Tests: fix.test.ts. */
import { listOf, namesOf, unwrap } from "@dsql-local/spec";
import type { TextEdit } from "@dsql-local/sql";
import { closingIndex, type Fixer, indexOfWord, insertion, lexemeAt, removeLexemes, textAt } from "./fix.ts";
import type { ParsedStatement } from "../read/statement.ts";

const waitWarning =
  "it returns a job_id before the index is built: CALL sys.wait_for_job(job_id) before relying on it";

const addAsync: Fixer = ({ statement, node }) => {
  // CONCURRENTLY becomes ASYNC by the rule about it.
  if (node["concurrent"] === true) return undefined;
  const index = indexOfWord(statement, ["INDEX"], { depth: 0 });
  return {
    edits: [insertion(lexemeAt(statement, index).end, " ASYNC")],
    what: "inserts ASYNC",
    warning: waitWarning,
  };
};

const concurrentlyToAsync: Fixer = ({ statement }) => {
  const index = indexOfWord(statement, ["CONCURRENTLY"], { depth: 0 });
  const { start, end } = lexemeAt(statement, index);
  if (statement.isAsync)
    return { edits: [removeLexemes(statement, index, index)], what: "removes CONCURRENTLY" };
  return {
    edits: [{ start, end, text: "ASYNC" }],
    what: "writes ASYNC for CONCURRENTLY",
    warning: waitWarning,
  };
};

const dropWithoutConcurrently: Fixer = ({ statement }) => {
  const index = indexOfWord(statement, ["CONCURRENTLY"], { depth: 0 });
  return { edits: [removeLexemes(statement, index, index)], what: "removes CONCURRENTLY" };
};

/** They serve what a B-tree serves too; the last is the service's own, which its definitions say and it does not take. */
const removableMethods: ReadonlySet<string> = new Set(["btree", "hash", "btree_index"]);

const removeUsing: Fixer = ({ statement, node }) => {
  const method = String(node["accessMethod"]);
  if (!removableMethods.has(method)) return undefined;
  const index = indexOfWord(statement, ["USING"], { depth: 0 });
  return { edits: [removeLexemes(statement, index, index + 1)], what: `removes USING ${method}` };
};

/** ASC is the default; an index whose keys are all DESC is read backwards instead. */
const removeSortOrder: Fixer = ({ statement, node }) => {
  const keys = listOf(node["indexParams"]).map((key) => unwrap(key)?.fields ?? {});
  const isDescending = keys.map(({ ordering }) => ordering === "SORTBY_DESC");
  if (!isDescending.every((own) => own === isDescending[0])) return undefined;
  const edits = keyWords(statement, (word) => word === "ASC" || word === "DESC");
  if (edits.length === 0) return undefined;
  return isDescending[0] === true
    ? { edits: [...edits, ...nullsReversed(statement)], what: "removes DESC" }
    : { edits, what: "removes ASC" };
};

/** Read backwards, NULLS FIRST gives what DESC NULLS LAST gave; and NULLS LAST, the default, what DESC NULLS FIRST gave. */
function nullsReversed(statement: ParsedStatement): TextEdit[] {
  return statement.lexemes.flatMap((lexeme, index) => {
    const isNulls =
      lexeme.kind === "word" && lexeme.depth === 1 && textAt(statement, index).toUpperCase() === "NULLS";
    if (!isNulls) return [];
    if (textAt(statement, index + 1).toUpperCase() === "FIRST")
      return [removeLexemes(statement, index, index + 1)];
    const { start, end } = lexemeAt(statement, index + 1);
    return [{ start, end, text: "FIRST" }];
  });
}

/**
 * B-tree's default classes of the types that a key may have, and the pattern classes: under collation C, the only one, they
 * order as the default does.
 */
const defaultClasses =
  /^((int[248]|float[48]|numeric|text|varchar|bpchar|bool|uuid|date|time|timestamp|timestamptz)_ops|(text|varchar|bpchar)_pattern_ops)$/;

const removeDefaultClass: Fixer = ({ statement, node }) => {
  const classes = listOf(node["indexParams"]).flatMap(
    (key) => namesOf(unwrap(key)?.fields["opclass"]).at(-1) ?? [],
  );
  if (!classes.every((name) => defaultClasses.test(name))) return undefined;
  const edits = keyWords(statement, (word) => classes.includes(word.toLowerCase()));
  return edits.length < classes.length
    ? undefined
    : { edits, what: `removes ${[...new Set(classes)].join(", ")}` };
};

/** Collations that order as C does. */
const plainCollation = /^(?:"?pg_catalog"?\.)?"?(C|POSIX|ucs_basic|default)"?$/;

const removePlainCollation: Fixer = ({ statement }) => {
  const index = indexOfWord(statement, ["COLLATE"]);
  if (index < 0) return undefined;
  let last = index + 1;
  while (textAt(statement, last + 1) === ".") last += 2;
  const name = statement.text.slice(lexemeAt(statement, index + 1).start, lexemeAt(statement, last).end);
  if (!plainCollation.test(name)) return undefined;
  return { edits: [removeLexemes(statement, index, last)], what: `removes COLLATE ${name}` };
};

const removeParameters: Fixer = ({ statement }) => {
  const index = indexOfWord(statement, ["WITH"], { depth: 0 });
  if (index < 0 || textAt(statement, index + 1) !== "(") return undefined;
  return {
    edits: [removeLexemes(statement, index, closingIndex(statement, index + 1))],
    what: "removes WITH (…)",
  };
};

const removeTablespace: Fixer = ({ statement }) => {
  const index = indexOfWord(statement, ["TABLESPACE"], { depth: 0 });
  return { edits: [removeLexemes(statement, index, index + 1)], what: "removes TABLESPACE" };
};

/** Removes words that stand within the parentheses of the keys, not within those of an expression. */
function keyWords(statement: ParsedStatement, isMeant: (word: string) => boolean): TextEdit[] {
  return statement.lexemes.flatMap((lexeme, index) => {
    const isWord = lexeme.kind === "word" && lexeme.depth === 1;
    const word = isWord ? textAt(statement, index) : "";
    return isWord && (isMeant(word) || isMeant(word.toUpperCase()))
      ? [removeLexemes(statement, index, index)]
      : [];
  });
}

export const indexFixers: Readonly<Record<string, Fixer>> = {
  "index-without-async": addAsync,
  "index-concurrently": concurrentlyToAsync,
  "drop-index-concurrently": dropWithoutConcurrently,
  "index-using": removeUsing,
  "index-sort-order": removeSortOrder,
  "index-opclass": removeDefaultClass,
  "index-collation": removePlainCollation,
  "index-with": removeParameters,
  "index-tablespace": removeTablespace,
  "table-storage-parameters": removeParameters,
  "table-tablespace": removeTablespace,
  "column-collation": removePlainCollation,
};
