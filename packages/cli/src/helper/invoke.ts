/** One invocation, shown as the talk shows it. */
import { type Invocation, createLambdaClient } from "@dsql-local/load";
import { withoutControl } from "../terminal.ts";
import type { HelperOptions } from "./options.ts";

export async function invokeOnce(options: HelperOptions, payload: object): Promise<Invocation> {
  const { functionName, target, screen, signal } = options;
  screen.write(`Invoking Lambda function '${functionName}' with payload '${JSON.stringify(payload)}'\n`);
  const client = createLambdaClient({ target, functionName, parallelMax: 1 });
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
