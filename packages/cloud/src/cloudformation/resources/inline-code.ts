/**
 * `Code.ZipFile` of a template: a function's source, which becomes `index.js` of a zip, beside the module
 * `cfn-response` with which it may answer as a custom resource.
 *
 * Source: AWS Lambda Developer Guide and AWS CloudFormation User Guide, "cfn-response module", for its interface:
 * `send(event, context, status, data, physicalResourceId, noEcho)`, `SUCCESS`, `FAILED`.
 */

import { strToU8, zipSync } from "fflate";

export function zipOfInlineCode(source: string): Uint8Array {
  return zipSync(
    { "index.js": strToU8(source), "node_modules/cfn-response.js": strToU8(responseModule) },
    { mtime },
  );
}

/** The same for all, so that the same code has the same hash and is no change. */
const mtime = new Date(Date.UTC(1980, 0, 2));

const responseModule = `"use strict";
const https = require("node:https");

exports.SUCCESS = "SUCCESS";
exports.FAILED = "FAILED";

/** Answers a custom resource's request. The promise resolves, and \`context.done\` is called, once the answer is given. */
exports.send = function (event, context, status, data, physicalResourceId, noEcho) {
  const body = JSON.stringify({
    Status: status,
    Reason: "See the details in CloudWatch Log Stream: " + context.logStreamName,
    PhysicalResourceId: physicalResourceId || context.logStreamName,
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
    NoEcho: noEcho || false,
    Data: data,
  });
  const { hostname, pathname, search } = new URL(event.ResponseURL);
  const options = {
    hostname,
    path: pathname + search,
    method: "PUT",
    headers: { "content-type": "", "content-length": Buffer.byteLength(body) },
  };
  return new Promise((resolve, reject) => {
    const request = https.request(options, (response) => {
      response.resume();
      response.on("end", () => {
        if (typeof context.done === "function") context.done();
        resolve();
      });
    });
    request.on("error", reject);
    request.end(body);
  });
};
`;
