/**
 * Custom resources: a Lambda function makes, changes and removes them, and answers at an address that it is given.
 *
 * Promises
 * - Each request has an address of its own, which takes one answer from whoever knows its secret.
 * - A function that fails, or answers what CloudFormation does not take, fails the resource with the reason at once;
 *   one that returns without an answer is waited for until its timeout, and the stack's events say so.
 * - What a failed creation may have left behind is deleted by the rollback.
 *
 * Source: AWS CloudFormation User Guide, "Custom resources"; Template Reference, "Custom resource request types" and
 * "Custom resource response objects".
 */
export { customResourceType, type InvokeFunction } from "./custom-resource.ts";
export { ResponseListener } from "./response-listener.ts";
