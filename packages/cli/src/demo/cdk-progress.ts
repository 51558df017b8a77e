/** What the CDK is doing, in a few words, from what it prints with `--progress events`. */

/** `Stack | 3/5 | 6:56:21 AM | CREATE_COMPLETE | AWS::IAM::Policy | Function/Policy (FunctionPolicy2B8AB499)` */
const eventLine = /\| +(\d+\/\d+) +\| [^|]+\| +([A-Z_]+) +\| ([A-Za-z0-9:]+) +\| (\S+)/;

const phases: readonly (readonly [RegExp, string])[] = [
  [/^Bundling asset /, "the app is synthesised, its function bundled"],
  [/^✨ {2}Synthesis time: (.+)$/, "synthesised in $1"],
  [/: start: Publishing /, "the template and the function are uploaded"],
  [/: creating CloudFormation changeset/, "CloudFormation makes a change set"],
  [/ \(no changes\)$/, "nothing has changed since the last time"],
];

/** @returns undefined where the line says nothing that a reader waits for */
export function cdkProgress(line: string): string | undefined {
  const [, counted, status, type, name] = eventLine.exec(line) ?? [];
  if (counted !== undefined) return `${counted} ${status} ${type} ${name}`;
  for (const [pattern, text] of phases) {
    const found = pattern.exec(line);
    if (found) return text.replace("$1", found[1] ?? "");
  }
  return undefined;
}
