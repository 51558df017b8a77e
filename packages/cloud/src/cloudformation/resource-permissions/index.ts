/** In whose name CloudFormation acts, and what that one may do. */

export { createAdmission, type Admission, type AdmissionOptions } from "./admission.ts";
export { nothing, type ResourceChange, type ResourceFacts, type ResourceStep } from "./change.ts";
export { resourcePermissions } from "./table.ts";
