/** One invocation, shown as the talk shows it. */
import { type Invocation, createLambdaClient } from "@dsql-local/load";
import { withoutControl } from "../terminal.ts";
import type { HelperOptions } from "./options.ts";

export async function invokeOnce(options: HelperOptions, payload: object): Promise<Invocation> {
  const { functionName, qualifier, target, screen, signal } = options;
  const named = qualifier === undefined ? functionName : `${functionName}:${qualifier}`;
  screen.write(`Invoking Lambda function '${named}' with payload '${JSON.stringify(payload)}'\n`);
  const client = createLambdaClient({ target, functionName, qualifier, parallelMax: 1 });
  try {
    const invocation = await client.invoke(payload, signal);
    if (invocation.response !== "") screen.write(`Response: ${pretty(invocation.response)}\n`);
    return invocation;
  } finally {
    await client.close();
  }
}

function pretty(response: string): string {
  return withoutControl(isJson(response) ? JSON.stringify(JSON.parse(response), null, 2) : response);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
