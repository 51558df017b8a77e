/** Fixes of statements about the session and of locking clauses. Tests: fix.test.ts. */
import type { Fixer } from "./fix.ts";
import { indexOfWord, lexemeAt, removeLexemes } from "./fix.ts";
import { wordOf } from "../check/place.ts";

const levelWarning = "transactions read one snapshot; two may each change what the other read (write skew)";

/** There is one level: REPEATABLE READ. */
const repeatableRead: Fixer = ({ statement }) => {
  if (statement.kind !== "begin") return undefined;
  const index = indexOfWord(statement, ["LEVEL"], { depth: 0 }) + 1;
  if (index === 0) return undefined;
  const first = lexemeAt(statement, index);
  const isSerializable = wordOf(statement, first) === "SERIALIZABLE";
  const last = isSerializable ? first : lexemeAt(statement, index + 1);
  return {
    edits: [{ start: first.start, end: last.end, text: "REPEATABLE READ" }],
    what: "writes REPEATABLE READ",
    ...(isSerializable && { warning: levelWarning }),
  };
};

/** The next stronger clause that there is. */
const forUpdate: Fixer = ({ statement }) => {
  const index = indexOfWord(statement, ["NO"]);
  const isNoKeyUpdate =
    index > 0 &&
    ["FOR", "NO", "KEY", "UPDATE"].every(
      (word, step) => wordOf(statement, lexemeAt(statement, index - 1 + step)) === word,
    );
  if (!isNoKeyUpdate) return undefined;
  return { edits: [removeLexemes(statement, index, index + 1)], what: "writes FOR UPDATE" };
};

/** What pg_dump writes at the top of its files, and Aurora DSQL has no use for. */
const dumpSettings = new Set([
  ...["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "transaction_timeout"],
  ...[
    "xmloption",
    "client_min_messages",
    "row_security",
    "default_tablespace",
    "default_table_access_method",
  ],
  ...["check_function_bodies", "standard_conforming_strings", "escape_string_warning", "bytea_output"],
]);

const removeSetting: Fixer = ({ statement, node }) => {
  if (!dumpSettings.has(String(node["name"]))) return undefined;
  return {
    edits: [{ start: 0, end: statement.text.length, text: "" }],
    what: `removes SET ${String(node["name"])}`,
    removesStatement: true,
  };
};

export const sessionFixers: Readonly<Record<string, Fixer>> = {
  "isolation-level": repeatableRead,
  "locking-clause": forUpdate,
  set: removeSetting,
};
