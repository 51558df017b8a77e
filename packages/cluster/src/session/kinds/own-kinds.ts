/** What the session does itself: DSQL's own forms, jobs, mappings, prepared statements. */
import { createIndexAsync, validateConstraintAsync } from "../../ddl/index.ts";
import { jobIdColumn, waitForJobOwn, withoutColumns } from "../own-descriptions.ts";
import { waitForJob as wait } from "../own-statements.ts";
import { changeMapping } from "../role-statements.ts";
import { answered, type KindHandler } from "./kind.ts";

export const createIndex: KindHandler<"createIndexAsync"> = {
  describe: jobIdColumn,
  run: (running, { statement, execution, sink }) =>
    createIndexAsync(running.own(), statement, execution, sink),
};

export const validateConstraint: KindHandler<"validateConstraintAsync"> = {
  describe: jobIdColumn,
  run: (running, { statement, execution, sink }) =>
    validateConstraintAsync(running.own(), statement, execution, sink),
};

export const iamGrant: KindHandler<"iamGrant"> = {
  describe: withoutColumns,
  run: (running, { statement, sink }) => changeMapping(running.own(), statement, sink),
};

export const iamRevoke: KindHandler<"iamRevoke"> = {
  describe: withoutColumns,
  run: (running, { statement, sink }) => changeMapping(running.own(), statement, sink),
};

export const waitForJob: KindHandler<"waitForJob"> = {
  describe: waitForJobOwn,
  run: (running, { statement, execution, sink }) => wait(running.own(), statement, execution, sink),
};

export const deallocateAll: KindHandler<"deallocateAll"> = {
  describe: withoutColumns,
  async run(running, { sink }) {
    running.forgetPrepared();
    return answered(sink, "DEALLOCATE ALL");
  },
};
