/** What a browser is told of an address: of a function's or of an HTTP API's, which have the same properties. */

import type { FunctionUrlCors } from "../../lambda/index.ts";
import { optionalFlag, optionalNumber, textsIn } from "../properties.ts";
import type { ValueObject } from "../template.ts";

export function corsOf(cors: ValueObject): FunctionUrlCors {
  const lists: Record<string, readonly string[]> = {};
  for (const name of ["AllowHeaders", "AllowMethods", "AllowOrigins", "ExposeHeaders"]) {
    if (cors[name] !== undefined) lists[name] = textsIn(cors, name);
  }
  const credentials = optionalFlag(cors, "AllowCredentials");
  const maxAge = optionalNumber(cors, "MaxAge");
  return {
    ...lists,
    ...(credentials === undefined ? {} : { AllowCredentials: credentials }),
    ...(maxAge === undefined ? {} : { MaxAge: maxAge }),
  };
}
