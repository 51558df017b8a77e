import { dataDirFlag } from "../options.ts";
import type { Painter } from "../terminal.ts";
import type { StackFacts } from "../stack/index.ts";

/** What to try next, for the three kinds of client. */
export function howToConnect(
  facts: StackFacts,
  options: { staysUntilSignal: boolean; consoleUrl: string | undefined; paint: Painter },
): string {
  const { paint, consoleUrl } = options;
  const flag = dataDirFlag(facts.dataDir);
  const command = (text: string): string => `    ${paint.cyan(text)}`;
  const lines = [
    ...(options.staysUntilSignal && consoleUrl !== undefined
      ? ["", paint.bold("See what goes on in it, in a browser:"), "", command(consoleUrl)]
      : []),
    "",
    paint.bold(options.staysUntilSignal ? "It stays up. In another terminal:" : "To go on:"),
    "",
    ...(options.staysUntilSignal ? [] : [command(`npx dsql start${flag}`), "    # and in another terminal"]),
    command(`eval "$(npx dsql env${flag})"`),
    "",
    "  psql and every libpq program",
    command("psql"),
    command(`npx dsql sql${flag} "SELECT count(*) FROM transactions"`),
    "",
    "  an application, as it would connect to AWS (IAM token as password, ssl: true)",
    command(`host ${facts.clusterEndpoint}, port ${facts.port}, database postgres`),
    "",
    "  the CDK and the AWS SDKs",
    command("cd tutorial/ch05/cdk && npx cdk deploy"),
    command(`npx helper --test-chapter 5`),
    "",
    ...(options.staysUntilSignal ? ["Ctrl-C stops it; the data stays.", ""] : []),
  ];
  return `${lines.join("\n")}\n`;
}
