/** Descriptions of the statements that the session answers without PostgreSQL. */
import type { Statement } from "../sql/index.ts";
import type { Description } from "../transaction/index.ts";
import { encodeBackend } from "../wire/index.ts";

export const waitForJobColumns = [{ name: "succeeded", typeOid: 16, typeSize: 1 }];

/** @returns undefined when PostgreSQL describes the statement */
export function describeOwn(statement: Statement | undefined): Description | undefined {
  switch (statement?.kind) {
    case undefined:
    case "begin":
    case "commit":
    case "rollback":
    case "deallocateAll":
    case "iamGrant":
    case "iamRevoke":
      return { parameters: parameterDescription([]), rows: encodeBackend.noData() };
    case "createIndexAsync":
    case "validateConstraintAsync":
      return {
        parameters: parameterDescription([]),
        rows: encodeBackend.rowDescription([{ name: "job_id", typeOid: 25, typeSize: -1 }]),
      };
    case "waitForJob":
      if (typeof statement.jobId !== "string" && "query" in statement.jobId) return undefined;
      return {
        parameters: parameterDescription(typeof statement.jobId === "string" ? [] : [25]),
        rows: encodeBackend.rowDescription(waitForJobColumns),
      };
    default:
      return undefined;
  }
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
