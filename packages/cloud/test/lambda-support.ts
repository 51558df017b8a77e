/** A local Lambda on a temporary folder, with a role that trusts it and zips made on the spot. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AccountIdentities } from "@dsql-local/account";
import { silentLog, systemClock, systemRandom } from "@dsql-local/cluster";
import { strToU8, zipSync } from "fflate";
import {
  createLambda,
  type CreateFunctionInput,
  type Lambda,
  type LambdaOptions,
} from "../src/lambda/index.ts";

export const account = "123456789012";
export const region = "us-east-1";
export const roleArn = `arn:aws:iam::${account}:role/function-role`;

export const trustsLambda = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
};

export interface LocalLambda {
  readonly lambda: Lambda;
  readonly identities: AccountIdentities;
  readonly dataDir: string;
  /** What S3 would hold, by `bucket/key`. */
  readonly objects: Map<string, Uint8Array>;
  /** Creates a function from its files; `index.js` alone may be given as text. */
  readonly deploy: (
    files: string | Record<string, string | Uint8Array>,
    settings?: Partial<CreateFunctionInput> & { readonly FunctionName?: string },
  ) => Promise<string>;
  /** Invokes and parses the payload. */
  readonly invoke: (
    functionName: string,
    event?: unknown,
  ) => Promise<{ value: unknown; functionError: string | undefined }>;
  /** Stops it and starts another on the same folder. */
  readonly restart: () => Promise<Lambda>;
  readonly close: () => Promise<void>;
}

export function startLambda(options: Partial<LambdaOptions> = {}): LocalLambda {
  const dataDir = mkdtempSync(join(tmpdir(), "dsql-local-lambda-"));
  const identities = AccountIdentities.open({
    file: join(dataDir, "identities.json"),
    clock: systemClock,
    random: systemRandom,
  });
  identities.putRole({ name: "function-role", arn: roleArn, assumeRolePolicy: trustsLambda });
  const objects = new Map<string, Uint8Array>();
  const create = (): Lambda =>
    createLambda({
      dataDir,
      account,
      region,
      identities,
      clusterAccess: { host: "127.0.0.1", port: 5432, caFile: join(dataDir, "ca.pem") },
      fetchObject: ({ bucket, key }) => {
        const zip = objects.get(`${bucket}/${key}`);
        if (zip === undefined)
          throw new Error("S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.");
        return Promise.resolve(zip);
      },
      log: silentLog,
      ...options,
    });
  let lambda = create();
  let functions = 0;
  return {
    get lambda() {
      return lambda;
    },
    identities,
    dataDir,
    objects,
    async deploy(files, settings = {}) {
      functions += 1;
      const FunctionName = settings.FunctionName ?? `function-${functions}`;
      await lambda.createFunction({
        Runtime: "nodejs22.x",
        Role: roleArn,
        Handler: "index.handler",
        Code: { ZipFile: zipOf(files) },
        Timeout: 60, // Lambda's default of three seconds would judge the machine.
        ...settings,
        FunctionName,
      });
      return FunctionName;
    },
    async invoke(functionName, event) {
      const output = await lambda.invoke({
        functionName,
        payload: event === undefined ? "" : JSON.stringify(event),
      });
      return { value: JSON.parse(output.payload) as unknown, functionError: output.functionError };
    },
    async restart() {
      await lambda.stop();
      lambda = create();
      return lambda;
    },
    async close() {
      await lambda.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

export function zipOf(files: string | Record<string, string | Uint8Array>): Uint8Array {
  const named = typeof files === "string" ? { "index.js": files } : files;
  return zipSync(
    Object.fromEntries(
      Object.entries(named).map(([name, content]) => [
        name,
        typeof content === "string" ? strToU8(content) : content,
      ]),
    ),
  );
}
