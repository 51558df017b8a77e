/** Leaves out of a failing plan what the failure does not need, so that what remains can be read. */
import type { Plan } from "./workloads/plan.ts";

/** Each try is a whole run; past this many what is left is short enough, or will not get shorter. */
const triesMax = 150;

/** @param fails - runs a plan and says whether it still fails */
export async function shrink(plan: Plan, fails: (plan: Plan) => Promise<boolean>): Promise<Plan> {
  let smallest = plan;
  let tries = 0;
  const attempt = async (candidate: Plan): Promise<boolean> => {
    tries += 1;
    if (candidate.length === smallest.length || !(await fails(candidate))) return false;
    smallest = candidate;
    return true;
  };
  for (const session of new Set(plan.map((action) => action.session))) {
    if (tries < triesMax) await attempt(smallest.filter((action) => action.session !== session));
  }
  for (
    let chunk = Math.ceil(smallest.length / 2);
    chunk >= 1 && tries < triesMax;
    chunk = Math.floor(chunk / 2)
  ) {
    // From the end: what comes last depends on what came first, so it can be left out more often.
    for (let from = smallest.length - chunk; from >= 0 && tries < triesMax; from -= chunk) {
      await attempt(smallest.toSpliced(from, chunk));
    }
  }
  return smallest;
}
