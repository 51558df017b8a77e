/** What every chapter's test is given. */
import type { InvocationTarget, Screen } from "@dsql-local/load";

export interface HelperOptions {
  readonly functionName: string;
  /** An alias or a version of it; `$LATEST` where it is left out. */
  readonly qualifier?: string | undefined;
  readonly target: InvocationTarget;
  /** The environment the helper was started in: where the cluster is, and whose tokens open it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Of the stress test; the same seed asks for the same transfers. */
  readonly seed: number;
  readonly invocations?: number | undefined;
  readonly parallel?: number | undefined;
  readonly accounts?: number | undefined;
  /** Of the setup: connections that insert at a time. */
  readonly workers?: number | undefined;
  /** Of the stress tests: worker threads that make the calls. */
  readonly threads?: number | undefined;
  /** What the tests print goes here; nowhere with `--json`. */
  readonly screen: Screen;
  /** The first Ctrl-C. */
  readonly signal: AbortSignal;
}

/** What a test came to. */
export interface Outcome {
  readonly isPassed: boolean;
  /** For `--json`: the facts behind the verdict. */
  readonly facts: object;
}
