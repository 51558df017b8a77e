/** Queries, writes and DDL: what PostgreSQL runs for the client. */
import { SqlError } from "../../base/index.ts";
import { isExplain } from "../../sql/index.ts";
import { unkept } from "../../backend/index.ts";
import type { Outcome } from "../../transaction/index.ts";
import { analysisOf, runDdl } from "../../ddl/index.ts";
import { explain } from "../../explain/index.ts";
import { prepareEndOfRoles } from "../role-statements.ts";
import { answered, type KindHandler, type Of, type Run, type Running } from "./kind.ts";

export const read: KindHandler<"read"> = {
  async run(running, run) {
    if (isExplain(run.statement)) return await runExplain(running, run);
    return run.isAlone && (await isPure(running, run.statement))
      ? await running.alone(run.execution, run.sink)
      : await running.inTransaction(run.execution, run.sink);
  },
};

function isPure({ services, role, block }: Running, statement: Of<"read">): boolean | Promise<boolean> {
  if (statement.analysis.lockingClause !== "none") return false;
  return services.coordinator.isPure(statement, block.settingsInForce, role);
}

export const write: KindHandler<"write"> = {
  async run(running, run) {
    if (isExplain(run.statement)) return await runExplain(running, run);
    return await running.inTransaction(run.execution, run.sink);
  },
};

async function runExplain(running: Running, { execution, sink }: Run<"read" | "write">): Promise<Outcome> {
  running.own();
  return await explain(running.block.enter(), execution, sink);
}

export const setConstraints: KindHandler<"setConstraints"> = {
  run: (running, { execution, sink }) => running.inTransaction(execution, sink),
};

export const ddl: KindHandler<"ddl"> = {
  async run(running, { statement, execution, sink }) {
    const run = async (): Promise<Outcome> => {
      await prepareEndOfRoles(running.own(), statement);
      return await running.inTransaction(execution, sink);
    };
    return await runDdl(running.own(), statement, sink, run);
  },
};

export const analyze: KindHandler<"analyze"> = {
  async run(running, { statement, execution, sink }) {
    if (running.block.transaction !== undefined) {
      throw new SqlError({ sqlstate: "25001", message: "ANALYZE cannot run inside a transaction block" });
    }
    const analysis = await analysisOf(running.services, statement, running.role);
    if (analysis.text === undefined) return answered(sink, "ANALYZE");
    try {
      return await running.alone({ ...execution, prepared: unkept(analysis.text) }, sink);
    } finally {
      analysis.release();
    }
  },
};
