/**
 * The forms in which a request names a function: `name`, `name:qualifier`, `123456789012:function:name`, or its ARN.
 *
 * Source: AWS Lambda API Reference, "FunctionName" of each operation.
 */

import { validation } from "./errors.ts";

export interface FunctionReference {
  /** Where it is, if an ARN says so. */
  readonly region: string | undefined;
  readonly name: string;
  /** A version's number, `$LATEST` or an alias. */
  readonly qualifier: string | undefined;
}

const form =
  /^(?:arn:aws:lambda:([a-z0-9-]+):)?(?:\d{12}:)?(?:function:)?([a-zA-Z0-9-_]{1,64})(?::(\$LATEST|[a-zA-Z0-9-_]{1,128}))?$/;

/** @throws {ServiceError} ValidationException */
export function parseFunctionName(text: string, qualifier?: string): FunctionReference {
  const match = form.exec(text);
  const name = match?.[2];
  if (name === undefined) {
    throw validation(
      `Value '${text}' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: ` +
        "(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?",
    );
  }
  const inName = match?.[3];
  if (inName !== undefined && qualifier !== undefined && inName !== qualifier) {
    throw validation("The derived qualifier from the function name does not match the specified qualifier.");
  }
  return { region: match?.[1], name, qualifier: inName ?? qualifier };
}
