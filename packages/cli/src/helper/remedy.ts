/** What to do about an answer that fails a test: the mistakes that one makes on the way through the tutorial. */

/** What a failed answer, or an entry of a breakdown, says. */
interface Words {
  readonly code: string;
  readonly message: string;
}

const deploy = "(cd cdk && npx cdk deploy)";
const useStack = 'npx dsql start runs it; then: eval "$(npx dsql env)"';

/** The first that fits is meant. Groups of the pattern fill `$1`. */
const remedies: readonly (readonly [pattern: RegExp, remedy: string])[] = [
  [
    /^ResourceNotFoundException /,
    `Deploy it first: ${deploy}. --function and --qualifier name another function or alias.`,
  ],
  [/^InvalidResponse /, `Is the function of this chapter deployed? ${deploy}`],
  [
    /relation "(?:public\.)?(accounts|transactions)" does not exist/,
    "The tutorial creates it: accounts in chapter 3, transactions in chapter 5. Then GRANT ALL ON public.$1 TO myapp;",
  ],
  [/permission denied for table (\w+)/, "As admin, in psql: GRANT ALL ON public.$1 TO myapp;"],
  [/\(OC001\)/, "A table, a grant or an index changed a moment ago: run the test again."],
  [/^ECONNREFUSED /, `Nothing answers at AWS_ENDPOINT_URL. Is the local stack meant? ${useStack}`],
  [/^TooManyRequestsException /, "Fewer calls at a time: --parallel 100."],
  [
    /^(?:Runtime|Sandbox)\.|^Unhandled /,
    "The function's log says why: npx dsql logs <function>, or aws logs tail /aws/lambda/<function>.",
  ],
  [
    /^(?:UnrecognizedClientException|SignatureDoesNotMatch|ExpiredTokenException) /,
    'The credentials are not those of this account. For the local stack: eval "$(npx dsql env)"',
  ],
];

/** @returns a sentence; undefined where the words say it all */
export function remedyFor({ code, message }: Words): string | undefined {
  const text = `${code} ${message}`;
  for (const [pattern, remedy] of remedies) {
    const [matched, group = ""] = pattern.exec(text) ?? [];
    if (matched !== undefined) return remedy.replace("$1", group);
  }
  return undefined;
}
