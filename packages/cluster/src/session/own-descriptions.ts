/** Descriptions of the statements that the session answers without PostgreSQL. */
import type { JobIdSource } from "../sql/index.ts";
import type { Description } from "../transaction/index.ts";
import { encodeBackend } from "../wire/index.ts";

export const waitForJobColumns = [{ name: "succeeded", typeOid: 16, typeSize: 1 }];

export function withoutColumns(): Description {
  return { parameters: parameterDescription([]), rows: encodeBackend.noData() };
}

/** Of a statement that leaves a job. */
export function jobIdColumn(): Description {
  return {
    parameters: parameterDescription([]),
    rows: encodeBackend.rowDescription([{ name: "job_id", typeOid: 25, typeSize: -1 }]),
  };
}

/** @returns undefined for an expression: PostgreSQL finds its parameters */
export function waitForJobOwn({ jobId }: { readonly jobId: JobIdSource }): Description | undefined {
  if (typeof jobId !== "string" && "query" in jobId) return undefined;
  return {
    parameters: parameterDescription(typeof jobId === "string" ? [] : [25]),
    rows: encodeBackend.rowDescription(waitForJobColumns),
  };
}

/** To PostgreSQL the procedure gives nothing; its parameters are those that PostgreSQL finds in the argument. */
export function waitForJobDescription({ parameters }: Description): Description {
  return { parameters, rows: encodeBackend.rowDescription(waitForJobColumns) };
}

function parameterDescription(types: readonly number[]): Buffer {
  const frame = Buffer.alloc(7 + types.length * 4);
  frame[0] = "t".charCodeAt(0);
  frame.writeInt32BE(frame.length - 1, 1);
  frame.writeInt16BE(types.length, 5);
  for (const [index, type] of types.entries()) frame.writeInt32BE(type, 7 + index * 4);
  return frame;
}
