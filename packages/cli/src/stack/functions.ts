/** The stack's Lambda functions, for the commands that take one by its name. */
import { exitCodes, Failure } from "../failure.ts";
import { type AwsClient, AwsError } from "./aws-client.ts";

export interface DeployedFunction {
  readonly FunctionName: string;
  readonly LoggingConfig: { readonly LogGroup: string };
}

/** Names shown in an error; more would hide it. */
const namesShownMax = 20;

export async function deployedFunctions(client: AwsClient): Promise<readonly DeployedFunction[]> {
  const all: DeployedFunction[] = [];
  for (let marker: string | undefined = "0"; marker !== undefined;) {
    const query = [["Marker", marker]] as const;
    const { text } = await client({ service: "lambda", method: "GET", path: "/2015-03-31/functions", query });
    const page = JSON.parse(text) as { Functions: DeployedFunction[]; NextMarker?: string };
    all.push(...page.Functions);
    marker = page.NextMarker;
  }
  return all;
}

/** The refusal of a name that is no function's, with those that are. Any other error as it is. */
export async function withFunctionNames(client: AwsClient, name: string, error: unknown): Promise<unknown> {
  if (!(error instanceof AwsError) || error.code !== "ResourceNotFoundException") return error;
  const names = (await deployedFunctions(client)).map(({ FunctionName }) => FunctionName);
  const shown = names.slice(0, namesShownMax).join(", ");
  const more = names.length > namesShownMax ? ` and ${names.length - namesShownMax} more` : "";
  return new Failure(error.message === "" ? `there is no function ${name}` : error.message, {
    remedy:
      names.length === 0
        ? "No function is deployed here. Deploy one: npx cdk deploy"
        : `Deployed here: ${shown}${more}`,
    exitCode: exitCodes.failed,
  });
}
