/**
 * Runs one isolation script in one order and says what was not as expected.
 *
 * Beyond what the script expects, three things always hold on Aurora DSQL and are checked at every step:
 * - No statement waits: each answers within `answerWithinMs` while all other sessions stay open.
 * - A data conflict is told at COMMIT, or by a statement that runs alone; never by a statement within a block.
 * - A COMMIT that succeeds answers COMMIT.
 *
 * Source: Aurora DSQL User Guide, "Concurrency control in Aurora DSQL".
 */
import { type Answer, ConnectionClosed, NoAnswer, Session, type Target } from "../client/index.ts";
import { sameRows, showRows } from "../script/lines.ts";
import { createScratchSchema, type ScratchSchema } from "../script/scratch-schema.ts";
import type { Case, Claim, IsolationScript, Step } from "./script.ts";

/**
 * Tells waiting from working. Who waits here waits for a session that goes on only after the answer, so for ever: the
 * bound may be far above what a busy machine needs.
 */
export const answerWithinMs = 30_000;

/** @returns what went wrong, one line each; empty when all was as expected */
export async function runCase(
  target: Target,
  script: IsolationScript,
  { order, expectations }: Case,
): Promise<string[]> {
  const schema = await createScratchSchema(target, script.setup);
  const sessions = new Map<string, Session>();
  const problems: string[] = [];
  try {
    // All open before the first step: a session that is opened late would not notice an earlier catalog change.
    for (const { session } of script.steps.values()) {
      if (!sessions.has(session)) sessions.set(session, await schema.openSession());
    }
    const answers = new Map<string, Answer>();
    for (const name of order) {
      const step = stepOf(script, name);
      answers.set(name, await runStep(defined(sessions.get(step.session)), step, problems));
    }
    for (const step of script.steps.values()) checkUnexpected(step, answers, expectations, problems);
    for (const { subject, claim, line } of expectations) {
      const got = "step" in subject ? answers.get(subject.step) : await schema.query(subject.finalSelect);
      const what = "step" in subject ? subject.step : subject.finalSelect;
      const sql = "step" in subject ? stepOf(script, subject.step).statements.at(-1) : subject.finalSelect;
      const problem = got === undefined ? `${what} did not run` : contradiction(claim, got, defined(sql));
      if (problem !== undefined) problems.push(`line ${line}: ${what}: ${problem}`);
    }
  } catch (error) {
    if (!(error instanceof StepStuck)) throw error;
    problems.push(error.message);
  } finally {
    for (const session of sessions.values()) session.connection.destroy();
    await drop(schema, problems);
  }
  return problems;
}

async function drop(schema: ScratchSchema, problems: string[]): Promise<void> {
  try {
    await schema.drop();
  } catch (error) {
    problems.push(`cleaning up failed: ${(error as Error).message}`);
  }
}

/** The order cannot go on: a session is without an answer. */
class StepStuck extends Error {}

function defined<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("the parser lets no script pass in which this is missing");
  return value;
}

function stepOf(script: IsolationScript, name: string): Step {
  return defined(script.steps.get(name));
}

/** Runs the statements of a step one by one up to the first that fails. */
async function runStep(session: Session, step: Step, problems: string[]): Promise<Answer> {
  let answer: Answer = { rows: [], columns: [], status: session.status };
  for (const statement of step.statements) {
    const wasInBlock = session.status === "T";
    answer = await ask(session, step, statement);
    const isConflict = answer.error?.sqlstate === "40001" && !answer.error.text.includes("OC001");
    if (isConflict && wasInBlock && !/^(commit|end)\b/i.test(statement)) {
      problems.push(`${step.name}: a conflict was told before COMMIT, by: ${statement}`);
    }
    if (answer.error !== undefined) return answer;
  }
  return answer;
}

async function ask(session: Session, step: Step, statement: string): Promise<Answer> {
  try {
    return await session.query(statement, answerWithinMs);
  } catch (error) {
    if (error instanceof NoAnswer) {
      throw new StepStuck(`${step.name}: waits (no answer within ${answerWithinMs} ms): ${statement}`);
    }
    if (error instanceof ConnectionClosed)
      throw new StepStuck(`${step.name}: ${error.message}, during: ${statement}`);
    throw error;
  }
}

/** A step without an expectation about its failing must succeed; a COMMIT must not answer ROLLBACK unnoticed. */
function checkUnexpected(
  step: Step,
  answers: ReadonlyMap<string, Answer>,
  expectations: Case["expectations"],
  problems: string[],
): void {
  const answer = answers.get(step.name);
  const claims = expectations.filter(({ subject }) => "step" in subject && subject.step === step.name);
  if (answer === undefined || claims.some(({ claim }) => claim.kind === "fails" || claim.kind === "answers"))
    return;
  if (answer.error !== undefined)
    problems.push(`${step.name}: failed with ${answer.error.message}; it should succeed`);
  else if (/^(commit|end)$/i.test(step.statements.at(-1) ?? "") && answer.tag !== "COMMIT") {
    problems.push(`${step.name}: answered ${answer.tag ?? "nothing"} instead of COMMIT`);
  }
}

/**
 * @param sql - rows of a statement without ORDER BY are compared in any order
 * @returns how the answer differs from the claim, or undefined
 */
function contradiction(claim: Claim, { error, rows, tag }: Answer, sql: string): string | undefined {
  switch (claim.kind) {
    case "fails": {
      const wanted = [claim.sqlstate, claim.occ].filter((part) => part !== undefined).join(" ");
      if (error === undefined)
        return `expected to fail with ${wanted}, but it answered ${tag ?? showRows(rows)}`;
      const isSame =
        error.sqlstate === claim.sqlstate &&
        (claim.occ === undefined || error.text.includes(`(${claim.occ})`));
      return isSame ? undefined : `expected to fail with ${wanted}, but it failed with ${error.message}`;
    }
    case "succeeds":
      return error === undefined ? undefined : `expected to succeed, but it failed with ${error.message}`;
    case "answers":
      if (error !== undefined) return `expected the answer ${claim.tag}, but it failed with ${error.message}`;
      return tag === claim.tag ? undefined : `expected the answer ${claim.tag}, but got ${tag ?? "none"}`;
    case "gives": {
      if (error !== undefined) return `expected rows, but it failed with ${error.message}`;
      return sameRows(claim.rows, rows, sql)
        ? undefined
        : `expected ${showRows(claim.rows)}, but got ${showRows(rows)}`;
    }
  }
}
