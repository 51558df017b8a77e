/**
 * The doctor: opens a connection step by step, and says at the first step that fails what to change.
 *
 * Promises
 * - It reads only: nothing in the cluster or on this machine is changed.
 * - Every step that can be told apart from outside is; where the service gives one answer for several reasons, the report
 *   says which reasons are left.
 * - No token, secret key or row value is reported.
 *
 * Tests: test/doctor.test.ts, each failure with a cluster that gives it.
 */
export { diagnoseConnection, type DiagnoseOptions } from "./diagnose.ts";
export { type DoctorReport, type DoctorStep, doctorSteps, type StepReport } from "./types.ts";
