/**
 * What a run will do, decided before it begins: so a history can be run again, whole or without some of its steps.
 */
import type { SeededRandom } from "../seeded-random.ts";
import { randomStatement, type RandomStatement } from "./rows.ts";

export type Action =
  | { readonly session: number; readonly kind: "begin" | "commit" | "rollback" | "vanish" }
  | {
      readonly session: number;
      readonly kind: "statement";
      readonly statement: RandomStatement;
      /** By the extended protocol with parameters, or by the simple one with the values in the text. */
      readonly hasParameters: boolean;
    };

/** Any part of a plan is a plan: what makes no sense in a session's state (COMMIT outside a block) is left out in playing. */
export type Plan = readonly Action[];

export function makePlan(random: SeededRandom, sessions: number, steps: number): Plan {
  const inBlock = new Set<number>();
  let randomIds = 0;
  const statement = (session: number): Action => ({
    session,
    kind: "statement",
    statement: randomStatement(random, () => (randomIds += 1)),
    hasParameters: random.chance(50),
  });
  return Array.from({ length: steps }, () => {
    const session = random.below(sessions);
    const dice = random.below(100);
    if (!inBlock.has(session)) {
      if (dice >= 70) return statement(session);
      inBlock.add(session);
      return { session, kind: "begin" };
    }
    if (dice >= 23) return statement(session);
    inBlock.delete(session);
    return { session, kind: dice < 18 ? "commit" : dice < 22 ? "rollback" : "vanish" };
  });
}
