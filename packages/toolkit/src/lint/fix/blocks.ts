/**
 * Takes BEGIN … COMMIT blocks apart that hold more than one DDL statement, or DDL and DML: DDL statements stand alone
 * afterwards, what changes rows stays together between two of them.
 *
 * Tests: fix.test.ts.
 */
import type { LocatedStatement } from "../read/statements.ts";
import { removalInFile } from "./in-file.ts";

export interface BlockFix {
  readonly ruleId: "one-ddl-per-transaction" | "ddl-with-dml";
  /** Offsets in the source's text. */
  readonly edits: readonly { readonly start: number; readonly end: number; readonly text: string }[];
  /** Where the block begins. */
  readonly start: number;
  readonly what: string;
  readonly warning: string;
}

/** @param statements - of one source, in the order of the text */
export function blockFixes(statements: readonly LocatedStatement[]): BlockFix[] {
  const fixes: BlockFix[] = [];
  let begin = -1;
  statements.forEach(({ statement }, index) => {
    // Within a block BEGIN begins nothing.
    if (statement?.kind === "begin") begin = begin < 0 ? index : begin;
    else if ((statement?.kind === "commit" || statement?.kind === "rollback") && begin >= 0) {
      const fix = statement.kind === "commit" ? blockFix(statements.slice(begin, index + 1)) : undefined;
      if (fix !== undefined) fixes.push(fix);
      begin = -1;
    }
  });
  return fixes;
}

function blockFix(block: readonly LocatedStatement[]): BlockFix | undefined {
  const [begin, ...rest] = block;
  const commit = rest.pop();
  const isUnclear = ({ statement }: LocatedStatement): boolean =>
    statement === undefined || statement.kind === "begin";
  if (begin === undefined || commit === undefined || rest.some(isUnclear)) return undefined;
  const isDdl = ({ statement }: LocatedStatement): boolean => statement?.kind === "ddl";
  const ddlCount = rest.filter(isDdl).length;
  const hasWrites = rest.some(({ statement }) => statement?.kind === "write");
  if (ddlCount === 0 || (ddlCount === 1 && !hasWrites)) return undefined;
  return {
    ruleId: ddlCount > 1 ? "one-ddl-per-transaction" : "ddl-with-dml",
    edits: [...(removalInFile(begin) ?? []), ...frames(rest, isDdl), ...(removalInFile(commit) ?? [])],
    start: begin.extent.start,
    what: "takes the transaction apart: each DDL statement stands alone",
    warning: "the parts commit one by one; when one fails, those before it stay",
  };
}

/** BEGIN before the first, and COMMIT after the last, of each run of statements that are no DDL. */
function frames(
  statements: readonly LocatedStatement[],
  isDdl: (statement: LocatedStatement) => boolean,
): BlockFix["edits"] {
  return statements.flatMap((statement, index) => {
    if (isDdl(statement)) return [];
    const before = statements[index - 1];
    const after = statements[index + 1];
    const { start, endWithSemicolon } = statement.extent;
    const isFirst = before === undefined || isDdl(before);
    const isLast = after === undefined || isDdl(after);
    return [
      ...(isFirst ? [{ start, end: start, text: "BEGIN;\n" }] : []),
      ...(isLast ? [{ start: endWithSemicolon, end: endWithSemicolon, text: "\nCOMMIT;" }] : []),
    ];
  });
}
