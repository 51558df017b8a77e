/**
 * A local CloudFormation: templates to resources of this account, in order, and back when something fails.
 *
 * Promises
 * - What a template asks for that cannot be provisioned here is refused by name before anything is made.
 * - A failed creation is undone; a failed update goes back to what was; each with the reason in the events.
 * - A stop in the middle leaves no stack in between: the next start finishes or undoes what was under way.
 *
 * Source: AWS CloudFormation User Guide and API Reference.
 */
export { createCloudFormation, type CloudFormation, type CloudFormationOptions } from "./cloudformation.ts";
export { ResponseListener } from "./custom-resources/index.ts";
export { createResourceTypes, type ResourceServices } from "./resources/index.ts";
