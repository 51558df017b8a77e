/**
 * A report for machines: JSON of our own, and SARIF 2.1.0, which code scanning of GitHub, GitLab and others reads.
 *
 * Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html. Tests: formats.test.ts.
 */
import { lintRules } from "../check/catalogue.ts";
import type { Finding, LintReport, LintRule } from "../types.ts";
import { summarize } from "./summary.ts";

/** Raised when a field changes its meaning or goes; new fields do not count. */
const schemaVersion = 1;

/** @returns one JSON object, indented */
export function lintReportAsJson(report: LintReport): string {
  const { findings, files } = report;
  return JSON.stringify({ schemaVersion, summary: summarize(report), findings, files }, undefined, 2);
}

/** @returns a SARIF log, indented */
export function lintReportAsSarif(report: LintReport): string {
  const ruleIds = [...new Set(report.findings.map(({ ruleId }) => ruleId))];
  const used = lintRules.filter(({ id }) => ruleIds.includes(id));
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "dsql lint", rules: used.map(sarifRule) } },
        columnKind: "utf16CodeUnits",
        results: report.findings.map((finding) => sarifResult(finding, used)),
        invocations: [
          {
            executionSuccessful: report.files.every(({ unreadable }) => unreadable === undefined),
            toolExecutionNotifications: report.files.flatMap(({ file, unreadable }) =>
              unreadable === undefined
                ? []
                : [{ level: "error", message: { text: unreadable }, locations: [location(file)] }],
            ),
          },
        ],
      },
    ],
  };
  return JSON.stringify(log, undefined, 2);
}

const sarifLevel = (severity: LintRule["severity"]): string => (severity === "error" ? "error" : "warning");

function sarifRule({ id, reason, remedy, source, severity, topic }: LintRule): object {
  return {
    id,
    shortDescription: { text: reason },
    help: { text: remedy },
    ...(source.startsWith("https:") && { helpUri: source }),
    defaultConfiguration: { level: sarifLevel(severity) },
    properties: { tags: [topic] },
  };
}

function sarifResult(finding: Finding, used: readonly LintRule[]): object {
  const { ruleId, severity, message, remedy, file, line, column, endLine, endColumn } = finding;
  const region = { startLine: line, startColumn: column, endLine, endColumn };
  return {
    ruleId,
    ruleIndex: used.findIndex(({ id }) => id === ruleId),
    level: sarifLevel(severity),
    message: { text: `${message}. ${remedy}` },
    locations: [location(file, region)],
  };
}

function location(file: string, region?: object): object {
  const uri = encodeURI(file.replaceAll("\\", "/"));
  return { physicalLocation: { artifactLocation: { uri }, ...(region !== undefined && { region }) } };
}
