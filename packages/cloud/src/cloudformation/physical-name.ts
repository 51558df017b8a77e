/** Names that CloudFormation makes up where a template gives none: `<stack>-<logical id>-<12 random characters>`. */

import { randomInt } from "node:crypto";

const suffixLength = 12;
const lowerCase = "abcdefghijklmnopqrstuvwxyz0123456789";
const mixedCase = `ABCDEFGHIJKLMNOPQRSTUVWXYZ${lowerCase}`;

/** @param lengthMax - the service's limit; the logical id is shortened first, then the stack's name */
export function physicalName(
  stackName: string,
  logicalId: string,
  options: { lengthMax: number; isLowerCase?: boolean },
): string {
  const alphabet = options.isLowerCase === true ? lowerCase : mixedCase;
  const suffix = Array.from({ length: suffixLength }, () => alphabet[randomInt(alphabet.length)]).join("");
  const room = options.lengthMax - suffixLength - 2;
  const stackPart = stackName.slice(0, Math.max(Math.ceil(room / 2), room - logicalId.length));
  const name = `${stackPart}-${logicalId.slice(0, room - stackPart.length)}-${suffix}`;
  return options.isLowerCase === true ? name.toLowerCase() : name;
}
