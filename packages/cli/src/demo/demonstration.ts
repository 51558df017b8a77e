import path from "node:path";
import process from "node:process";
import {
  createLambdaClient,
  functionNameDefault,
  type Report,
  targetFromEnvironment,
} from "@dsql-local/load";
import type pg from "pg";
import { Failure } from "../failure.ts";
import { painter } from "../terminal.ts";
import { deploy } from "./deploy.ts";
import { howToConnect } from "./how-to-connect.ts";
import { judgeBooks } from "./judgement.ts";
import {
  accounts,
  type Books,
  createIndexes,
  createRole,
  createTables,
  readBooks,
  readPayer,
} from "./schema.ts";
import { Steps } from "./steps.ts";
import { stress } from "./stress.ts";
import {
  cannotGoOn,
  childEnvironment,
  type Stack,
  stackPoolOptions,
  startStack,
  StopSignals,
  withConnection,
} from "../stack/index.ts";

export interface DemonstrationOptions {
  readonly dataDir: string;
  /** The chapter to deploy: a folder with `cdk/` and `lambda/`. */
  readonly tutorialDir: string;
  readonly port?: number | undefined;
  readonly awsPort?: number | undefined;
  /** How many transfers the stress test makes. */
  readonly invocations: number;
  /** Whether the stack stays up after the test. */
  readonly staysUntilSignal: boolean;
}

const stackName = "ReinventDat401Stack";
/** As in the talk. */
const parallelMax = 1_000;

/** The steps of `npm start`, in order. A step that fails, or Ctrl-C, stops everything that was started. */
export class Demonstration {
  readonly #options: DemonstrationOptions;
  readonly #paint = painter(process.stdout);
  readonly #steps = new Steps(process.stdout, this.#paint);

  constructor(options: DemonstrationOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const signals = new StopSignals();
    const interrupted = new AbortController();
    void signals.first.then(() => {
      interrupted.abort();
    });
    let stack: Stack | undefined;
    try {
      process.stdout.write(`\n${this.#paint.bold("A local Aurora DSQL, and the tutorial on it")}\n\n`);
      stack = await this.#start();
      await this.#show(stack, interrupted.signal);
      if (this.#options.staysUntilSignal) await stay(signals, stack);
    } catch (error) {
      // After Ctrl-C every step under way fails; that is what was asked for.
      if (!signals.hasCome) throw error;
    } finally {
      if (stack) await signals.stop(stack);
      if (signals.hasCome) process.stdout.write("\nStopped.\n");
    }
    if (signals.hasCome && !this.#options.staysUntilSignal) throw new Failure("interrupted before the end");
  }

  async #start(): Promise<Stack> {
    const started: { stack?: Stack } = {};
    await this.#steps.quiet("Start cluster and AWS endpoint", async () => {
      started.stack = await startStack(this.#options);
      const { facts } = started.stack;
      return `${facts.host}:${facts.port} and ${facts.awsEndpoint}`;
    });
    return started.stack as Stack;
  }

  async #show(stack: Stack, signal: AbortSignal): Promise<void> {
    const environment = await childEnvironment(stack.facts);
    const lambdaRoleArn = await this.#deploy(environment, signal);
    await withConnection(await stackPoolOptions(stack.facts), async (client) => {
      await this.#prepareDatabase(client, lambdaRoleArn);
      await this.#transferOnce(environment, await readPayer(client));
      const before = await readBooks(client);
      const { invocations } = this.#options;
      const parallel = Math.min(invocations, parallelMax);
      const report = await this.#steps.speaking("Stress test", () =>
        stress({ invocations, parallel, environment, signal }),
      );
      this.#prove(report, before, await readBooks(client));
    });
    process.stdout.write(
      howToConnect(stack.facts, { ...this.#options, consoleUrl: stack.cloud.consoleUrl, paint: this.#paint }),
    );
  }

  async #deploy(environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<string> {
    let lambdaRoleArn: string | undefined;
    await this.#steps.quiet("Deploy tutorial/ch05: cdk deploy", async (tell) => {
      tell("the CDK reads the app");
      const { outputs } = await deploy({
        appDir: path.join(this.#options.tutorialDir, "cdk"),
        stackName,
        workDir: path.join(this.#options.dataDir, "cloud"),
        environment,
        signal,
        onProgress: tell,
      });
      lambdaRoleArn = outputs["LambdaRoleArn"];
      return `function ${functionNameDefault}`;
    });
    if (lambdaRoleArn === undefined) throw new Failure(`the stack ${stackName} has no output LambdaRoleArn`);
    return lambdaRoleArn;
  }

  async #prepareDatabase(client: pg.ClientBase, lambdaRoleArn: string): Promise<void> {
    await this.#steps.quiet("Create role, AWS IAM GRANT", async () => {
      await createRole(client, lambdaRoleArn);
      return "myapp";
    });
    await this.#steps.quiet("Create tables and accounts", async () => {
      await createTables(client);
      return `${accounts.count.toLocaleString("en-US")} accounts of ${accounts.openingBalance}`;
    });
    await this.#steps.quiet("CREATE INDEX ASYNC, wait for jobs", async () => {
      const built = await createIndexes(client);
      return built === 0 ? "both are there" : `${built} built`;
    });
  }

  async #transferOnce(environment: NodeJS.ProcessEnv, payer: number): Promise<void> {
    await this.#steps.quiet("One transfer through Lambda", async () => {
      const lambda = createLambdaClient({
        target: targetFromEnvironment(environment),
        functionName: functionNameDefault,
        parallelMax: 1,
      });
      try {
        const payee = payer === 1 ? 2 : 1;
        const { answer } = await lambda.invoke({ payer_id: payer, payee_id: payee, amount: 10 });
        if (answer.kind !== "success")
          throw new Failure(`the function answered ${answer.message} (${answer.code})`);
        return `10 from account ${payer} to ${payee}, which leaves ${answer.balance}`;
      } finally {
        await lambda.close();
      }
    });
  }

  /** @throws {Failure} money was made or lost, or the history tells another story than the callers were told */
  #prove(report: Report, before: Books, after: Books): void {
    process.stdout.write(`\n${this.#paint.bold("Proof")}\n\n`);
    const { findings, isProven } = judgeBooks({
      before,
      after,
      calls: report.calls,
      successes: report.successes,
    });
    for (const finding of findings) {
      const mark = finding.holds ? this.#paint.green("✓") : this.#paint.red("✗");
      process.stdout.write(`  ${mark} ${finding.text}\n`);
    }
    if (!isProven) throw new Failure("the test did not end as it must", { remedy: remedyFor(report) });
  }
}

/** @throws {Failure} the cluster cannot go on by itself */
async function stay(signals: StopSignals, stack: Stack): Promise<void> {
  const failure = await Promise.race([signals.first, stack.failed]);
  if (failure) throw cannotGoOn(failure);
}

function remedyFor(report: Report): string {
  return report.successes < report.calls
    ? "The error breakdown above says why calls failed. Accounts grow poor over dozens of runs: a new data directory has fresh ones."
    : "The database and the callers disagree, which is a defect. Please report it with the output above.";
}
