/** Runs a SQL script in a schema of its own and says what was answered differently. */
import type { Answer, Session, Target } from "../client/index.ts";
import { sameRows } from "../script/lines.ts";
import { createScratchSchema, type ScratchSchema } from "../script/scratch-schema.ts";
import { contradiction } from "./contradiction.ts";
import type { SqlScript, SqlStep } from "./script.ts";

export type Protocol = "simple" | "extended";

/** @returns what was not as expected, one line each */
export async function runSqlScript(target: Target, script: SqlScript, protocol: Protocol): Promise<string[]> {
  const { principalArn } = target;
  const schema = await createScratchSchema(target, script.setup);
  const run: Run = {
    schema,
    protocol,
    kept: new Map([
      ["schema", schema.name],
      ...(principalArn === undefined ? [] : [["principal", principalArn] as const]),
    ]),
    sessions: new Map(),
  };
  try {
    const problems: string[] = [];
    for (const step of script.steps) problems.push(...(await runStep(step, run)));
    return problems;
  } finally {
    for (const session of run.sessions.values()) session.connection.destroy();
    for (const statement of script.teardown) await schema.query(filled(statement, run));
    await schema.drop();
  }
}

interface Run {
  readonly schema: ScratchSchema;
  readonly protocol: Protocol;
  /** Values that earlier statements left under a name. */
  readonly kept: Map<string, string>;
  /** By role; the target's own has no name. */
  readonly sessions: Map<string | undefined, Session>;
}

const filled = (sql: string, { kept }: Run): string =>
  sql.replaceAll(/\{(\w+)\}/g, (text, name: string) => kept.get(name) ?? text);

async function runStep(step: SqlStep, run: Run): Promise<string[]> {
  const session = await sessionOf(step.role, run);
  const sql = filled(step.sql, run);
  const answer = await askUntil(() => ask(session, sql, run.protocol), step);
  for (const claim of step.claims)
    if (claim.kind === "keep") run.kept.set(claim.name, answer.rows[0]?.[0] ?? "");
  const mustSucceed = !step.claims.some(({ kind }) => kind === "fails");
  const problems =
    mustSucceed && answer.error !== undefined
      ? [`failed with ${answer.error.message}`]
      : step.claims.flatMap((claim) => contradiction(claim, answer, step.sql) ?? []);
  return problems.map((problem) => `line ${step.line}: ${step.sql}: ${problem}`);
}

async function sessionOf(role: string | undefined, { schema, sessions }: Run): Promise<Session> {
  const known = sessions.get(role);
  if (known !== undefined) return known;
  const session = await schema.openSession(role);
  sessions.set(role, session);
  return session;
}

/** An index that is being built changes the catalog when it is done: whoever comes then hears so once and asks again. */
const attemptsMax = 12;

const meetsCatalogChange = ({ error, status }: Answer): boolean =>
  status === "I" && error?.sqlstate === "40001" && error.text.includes("(OC001)");

async function ask(session: Session, sql: string, protocol: Protocol): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await (protocol === "simple" ? session.query(sql) : session.execute(sql));
    if (!meetsCatalogChange(answer) || attempt === attemptsMax) return answer;
  }
}

/** Jobs of the service are done within about a minute, however small. */
const becomesWithinMs = 75_000;
const pauseMs = 250;

/** Asks until the answer is what the step says it becomes, or the time is over. */
async function askUntil(askOnce: () => Promise<Answer>, { claims, sql }: SqlStep): Promise<Answer> {
  const awaited = claims.filter((claim) => claim.kind === "becomes");
  const endsAt = performance.now() + becomesWithinMs;
  for (;;) {
    const answer = await askOnce();
    const hasCome = awaited.every(({ rows }) => sameRows(rows, answer.rows, sql));
    if (hasCome || performance.now() > endsAt) return answer;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
