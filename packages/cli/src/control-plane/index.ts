/**
 * The stack's clusters through the control plane's API, as the AWS CLI and the SDKs use it.
 *
 * Promises: what was created takes clients when the promise resolves, and what was deleted is gone; peers are deleted
 * together, or neither of them.
 */
export { ControlPlane, type DescribedCluster } from "./control-plane.ts";
