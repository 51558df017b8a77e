/**
 * Chapters 0, 1 and 2: the function greets, first by itself, then with a connection as `admin`, then as `myapp`.
 */
import type { Failure, Invocation } from "@dsql-local/load";
import { invokeOnce } from "./invoke.ts";
import type { HelperOptions, Outcome } from "./options.ts";
import { failed, failedAnswer, passed } from "./verdict.ts";

const titles = [
  "Base Lambda function",
  "DSQL connection with IAM authentication",
  "Application role myapp",
] as const;

export async function testGreeting(chapter: 0 | 1 | 2, options: HelperOptions): Promise<Outcome> {
  options.screen.write(`Testing Chapter ${chapter}: ${titles[chapter]}\n\n`);
  const invocation = await invokeOnce(options, { name: "reinvent" });
  options.screen.write("\n");
  const { answer } = invocation;
  // A greeting has no balance, which is all that makes it invalid for a transfer.
  if (answer.kind === "failure" && answer.code !== "InvalidResponse")
    return refused(chapter, options, answer);

  const greeting = greetingIn(invocation);
  if (greeting === undefined) return failed(options.screen, chapter, "the response has no greeting");
  if (chapter > 0 && !greeting.includes("connected to DSQL successfully")) {
    const reason = "the function did not say that it is connected to DSQL";
    return failed(
      options.screen,
      chapter,
      reason,
      "Is the function of this chapter deployed? (cd cdk && npx cdk deploy)",
    );
  }
  return passed(options.screen, chapter, { greeting });
}

function refused(chapter: number, { screen }: HelperOptions, failure: Failure): Outcome {
  if (!/access denied|accessdenied/i.test(`${failure.code} ${failure.message}`)) {
    return failedAnswer(screen, chapter, failure);
  }
  screen.write(`❌ Chapter ${chapter} test FAILED with AccessDenied error\n`);
  screen.write(
    chapter === 1
      ? "This is what step 6 expects: the function's role has no dsql:DbConnectAdmin yet. Step 7 adds it.\n"
      : "The function's role needs dsql:DbConnect, and AWS IAM GRANT myapp TO '<LambdaRoleArn>'.\n",
  );
  return { isPassed: false, facts: { error: failure.message, errorCode: failure.code } };
}

function greetingIn({ response }: Invocation): string | undefined {
  try {
    const { greeting } = JSON.parse(response) as { greeting?: unknown };
    return typeof greeting === "string" ? greeting : undefined;
  } catch {
    return undefined;
  }
}
