/** Runs a SQL script in a schema of its own and says what was answered differently. */
import type { Answer, Session, Target } from "../client/index.ts";
import { sameRows, showRows } from "../script/lines.ts";
import { createScratchSchema } from "../script/scratch-schema.ts";
import type { SqlClaim, SqlScript, SqlStep } from "./script.ts";

export type Protocol = "simple" | "extended";

/** @returns what was not as expected, one line each */
export async function runSqlScript(target: Target, script: SqlScript, protocol: Protocol): Promise<string[]> {
  const schema = await createScratchSchema(target, script.setup);
  try {
    const session = await schema.openSession();
    const problems: string[] = [];
    for (const step of script.steps) problems.push(...(await runStep(session, step, protocol)));
    await session.close();
    return problems;
  } finally {
    await schema.drop();
  }
}

/** An index that is being built changes the catalog when it is done: whoever comes then hears so once and asks again. */
const attemptsMax = 12;

const meetsCatalogChange = ({ error, status }: Answer): boolean =>
  status === "I" && error?.sqlstate === "40001" && error.text.includes("(OC001)");

async function runStep(session: Session, step: SqlStep, protocol: Protocol): Promise<string[]> {
  const ask = (): Promise<Answer> =>
    protocol === "simple" ? session.query(step.sql) : session.execute(step.sql);
  let answer = await ask();
  for (let attempt = 1; meetsCatalogChange(answer) && attempt < attemptsMax; attempt += 1)
    answer = await ask();
  const mustSucceed = !step.claims.some(({ kind }) => kind === "fails");
  const problems =
    mustSucceed && answer.error !== undefined
      ? [`failed with ${answer.error.message}`]
      : step.claims.flatMap((claim) => contradiction(claim, answer, step.sql) ?? []);
  return problems.map((problem) => `line ${step.line}: ${step.sql}: ${problem}`);
}

function contradiction(claim: SqlClaim, answer: Answer, sql: string): string | undefined {
  const { error, rows, tag } = answer;
  switch (claim.kind) {
    case "fails": {
      const wanted = `${claim.sqlstate}: ${claim.message ?? "…"}`;
      if (error === undefined) return `expected ${wanted}, but it answered ${tag ?? showRows(rows)}`;
      const isSame = error.sqlstate === claim.sqlstate && (claim.message ?? error.text) === error.text;
      return isSame ? undefined : `expected ${wanted}, but got ${error.message}`;
    }
    case "position":
      return error?.fields["P"] === claim.position
        ? undefined
        : `expected the error at position ${claim.position}, but it is ${error?.fields["P"] ?? "without one"}`;
    case "gives":
      return sameRows(claim.rows, rows, sql)
        ? undefined
        : `expected ${showRows(claim.rows)}, but got ${showRows(rows)}`;
    case "matches":
      return claim.pattern.test(showRows(rows))
        ? undefined
        : `${showRows(rows)} does not match ${claim.pattern.source}`;
    case "answers":
      return tag === claim.tag ? undefined : `expected the answer ${claim.tag}, but got ${tag ?? "none"}`;
    case "status":
      return answer.status === claim.status
        ? undefined
        : `expected status ${claim.status}, but it is ${answer.status}`;
  }
}
