/** BEGIN, COMMIT, ROLLBACK: the client's block. */
import type { Sink } from "../../transaction/index.ts";
import { encodeBackend } from "../../wire/index.ts";
import { withoutColumns } from "../own-descriptions.ts";
import { answered, type KindHandler } from "./kind.ts";

/** As in PostgreSQL, BEGIN in an open transaction warns, and its access mode holds from here on. */
export const begin: KindHandler<"begin"> = {
  describe: withoutColumns,
  async run(running, { statement: { text, readOnly, isDeferrable }, execution, sink }) {
    const { block } = running;
    if (!block.begin()) warn(sink, "25001", "there is already a transaction in progress");
    if (isDeferrable !== undefined) block.enter().changeDeferrable(isDeferrable);
    if (readOnly !== undefined && block.enter().changeAccessMode(readOnly) === "underWay")
      await running.instead(execution, ["SET TRANSACTION READ ONLY"], sink);
    return answered(sink, /^start\b/i.test(text) ? "START TRANSACTION" : "BEGIN");
  },
};

export const commit: KindHandler<"commit"> = {
  describe: withoutColumns,
  async run(running, { sink }) {
    if (!running.block.isExplicit) warnOfNone(sink);
    return answered(sink, await running.commit());
  },
};

export const rollback: KindHandler<"rollback"> = {
  describe: withoutColumns,
  async run({ block }, { sink }) {
    if (!block.isExplicit) warnOfNone(sink);
    await block.rollback();
    return answered(sink, "ROLLBACK");
  },
};

function warnOfNone(sink: Sink): void {
  warn(sink, "25P01", "there is no transaction in progress");
}

function warn(sink: Sink, sqlstate: string, message: string): void {
  sink.frame(encodeBackend.noticeResponse({ severity: "WARNING", sqlstate, message }));
}
