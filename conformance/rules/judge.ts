/** Sends the examples of rules and acceptances to a server and says where its answers differ. */
import { type Acceptance, exampleSchema, type Rule } from "@dsql-local/spec";
import type { Answer, Session, Target } from "../client/index.ts";
import { createScratchSchema, type ScratchSchema } from "../script/scratch-schema.ts";
import type { Protocol } from "../sql/run-script.ts";

/** @returns what was taken, or refused in other words, one line each */
export async function judgeRefusals(
  target: Target,
  refused: readonly Rule[],
  protocol: Protocol,
): Promise<string[]> {
  return inExampleSchema(target, async (schema) => {
    const problems: string[] = [];
    const session = await schema.openSession();
    for (const rule of refused) {
      const answer = await ask(session, rule.example, protocol);
      const problem = refusalProblem(rule, answer);
      if (problem !== undefined) problems.push(`${rule.id} (${rule.mark}): ${rule.example}: ${problem}`);
      if (answer.status !== "I") await session.query("ROLLBACK");
    }
    await session.close();
    return problems;
  });
}

function refusalProblem({ sqlstate = "0A000", message }: Rule, { error, tag }: Answer): string | undefined {
  if (error === undefined) return `expected ${sqlstate}: ${message}, but it answered ${tag ?? "rows"}`;
  const isSame = error.sqlstate === sqlstate && patternOf(message).test(error.text);
  return isSame ? undefined : `expected ${sqlstate}: ${message}, but got ${error.message}`;
}

/** `{name}` in a rule's message stands for a part of the statement. */
const patternOf = (message: string): RegExp =>
  new RegExp(
    `^${message
      .split(/\{\w+\}/)
      .map(escaped)
      .join(".+")}$`,
  );

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** @returns what was refused, one line each */
export async function judgeAcceptances(
  target: Target,
  taken: readonly Acceptance[],
  protocol: Protocol,
): Promise<string[]> {
  return inExampleSchema(target, async (schema) => {
    const problems: string[] = [];
    for (const { id, mark, example } of taken) {
      // What one example sets must not reach the next: a session each.
      const session = await schema.openSession();
      if (!runsAlone.test(example)) await session.query("BEGIN");
      const { error } = await ask(session, example, protocol);
      if (error !== undefined) problems.push(`${id} (${mark}): ${example}: failed with ${error.message}`);
      await session.query("ROLLBACK");
      await session.close();
    }
    return problems;
  });
}

/** These open or end a block themselves, or are refused in one. */
const runsAlone = /^(BEGIN|START|COMMIT|ANALYZE)\b/;

const ask = (session: Session, sql: string, protocol: Protocol): Promise<Answer> =>
  protocol === "simple" ? session.query(sql) : session.execute(sql);

async function inExampleSchema(
  target: Target,
  judge: (schema: ScratchSchema) => Promise<string[]>,
): Promise<string[]> {
  const schema = await createScratchSchema(target, exampleSchema);
  try {
    return await judge(schema);
  } finally {
    await schema.drop();
  }
}
