/**
 * Texts in IAM policies that stand for many: `*` for any run of characters, `?` for one, `${key}` for a value of the
 * request.
 *
 * A value put in for a variable is taken literally: a session named `*` does not widen the policy that names it.
 *
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
 * Tests: policy-pattern.test.ts.
 */

/** @returns the value of a condition key, or undefined where the request has none */
export type Lookup = (key: string) => string | undefined;

const anyRun = Symbol("*");
const anyCharacter = Symbol("?");
type Element = string | typeof anyRun | typeof anyCharacter;

// `${key}`, `${key, 'default'}`, or one of the three escapes `${*}`, `${?}`, `${$}`.
const variable = /\$\{([^{}]*)\}/g;

/** @returns whether the whole text matches; never where the pattern names a value that the request does not have */
export function matchesPattern(pattern: string, text: string, lookup: Lookup | undefined): boolean {
  const elements = parsePattern(pattern, lookup);
  return elements !== undefined && matchesElements(elements, text);
}

/** Puts the values in, for operators that know no wildcards. */
export function substituteVariables(text: string, lookup: Lookup | undefined): string | undefined {
  if (lookup === undefined || !text.includes("${")) return text;
  let isComplete = true;
  const substituted = text.replace(variable, (_whole, inside: string) => {
    const value = variableValue(inside, lookup);
    if (value === undefined) isComplete = false;
    return value ?? "";
  });
  return isComplete ? substituted : undefined;
}

/**
 * ARNs are matched part by part, so that `arn:aws:s3:*:*:*` cannot swallow the account. Only the last part, the resource,
 * may hold colons.
 */
export function matchesArn(pattern: string, arn: string, lookup: Lookup | undefined): boolean {
  if (pattern === "*") return true;
  const patternParts = splitArn(pattern);
  const arnParts = splitArn(arn);
  if (patternParts === undefined || arnParts === undefined) return false;
  return patternParts.every((part, at) => matchesPattern(part, arnParts[at] ?? "", lookup));
}

const arnPartsCount = 6;

/** @returns the six parts of `arn:partition:service:region:account:resource`, or undefined where it is no ARN */
export function splitArn(text: string): readonly string[] | undefined {
  const parts: string[] = [];
  let start = 0;
  let depth = 0; // a variable's own colon, as in ${aws:username}, separates nothing
  for (let at = 0; at < text.length && parts.length < arnPartsCount - 1; at++) {
    const character = text[at];
    if (character === "{") depth++;
    else if (character === "}") depth--;
    else if (character === ":" && depth === 0) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts.length === arnPartsCount && parts[0] === "arn" ? parts : undefined;
}

function parsePattern(pattern: string, lookup: Lookup | undefined): readonly Element[] | undefined {
  const elements: Element[] = [];
  let end = 0;
  if (lookup !== undefined) {
    for (const match of pattern.matchAll(variable)) {
      const value = variableValue(match[1] ?? "", lookup);
      if (value === undefined) return undefined;
      pushWildcards(elements, pattern.slice(end, match.index));
      elements.push(...value);
      end = match.index + match[0].length;
    }
  }
  pushWildcards(elements, pattern.slice(end));
  return elements;
}

function pushWildcards(elements: Element[], text: string): void {
  for (const character of text) {
    elements.push(character === "*" ? anyRun : character === "?" ? anyCharacter : character);
  }
}

function variableValue(inside: string, lookup: Lookup): string | undefined {
  if (inside === "*" || inside === "?" || inside === "$") return inside;
  const [key = "", ...rest] = inside.split(",");
  const fallback = /^\s*'(.*)'\s*$/.exec(rest.join(","))?.[1];
  return lookup(key.trim()) ?? fallback;
}

/** On a mismatch, lets the last `*` take one character more. Never looks back further, so no text makes it slow. */
function matchesElements(elements: readonly Element[], text: string): boolean {
  const characters = [...text];
  let element = 0;
  let character = 0;
  let runElement = -1;
  let runCharacter = 0;
  while (character < characters.length) {
    const expected = elements[element];
    if (expected === anyRun) {
      runElement = element++;
      runCharacter = character;
    } else if (expected === anyCharacter || (expected !== undefined && expected === characters[character])) {
      element++;
      character++;
    } else if (runElement >= 0) {
      element = runElement + 1;
      character = ++runCharacter;
    } else {
      return false;
    }
  }
  while (elements[element] === anyRun) element++;
  return element === elements.length;
}
