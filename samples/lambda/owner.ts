/** Invokes the deployed function and prints its answer. */
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import type { Answer } from "./function/index.ts";

const lambda = new LambdaClient();
const { FunctionError, Payload } = await lambda.send(
  new InvokeCommand({ FunctionName: "dsql-sample-owner" }),
);
const text = Buffer.from(Payload ?? []).toString();
if (FunctionError !== undefined) throw new Error(text);

const { inserted, updated, deleted } = JSON.parse(text) as Answer;
for (const owner of inserted) console.log(`inserted ${owner.name}, ${owner.city}`);
console.log(`updated ${updated}`);
console.log(`deleted ${deleted}`);
