import { settableSettings } from "../../settings.ts";
import { sources } from "../../sources.ts";
import type { Rule } from "../rule.ts";

const message = 'setting configuration parameter "{name}" not supported';
const transactionMessage = 'setting configuration parameter "TRANSACTION" not supported';
const settable = settableSettings.map(({ name }) => name);
const addedLater = settableSettings.filter(({ since }) => since !== undefined);

const fewSettings = {
  reason:
    "Aurora DSQL lets a session change a short list of settings only; all others can be read with SHOW.",
  remedy: `Leave it out, or turn it off in the tool that sends it. SET takes ${settable.join(", ")}.`,
};

/** BEGIN says it in its own words (rule `isolation-level`), which also come first for SET TRANSACTION. */
export const settingRules: readonly Rule[] = [
  {
    id: "set-transaction",
    topic: "settings",
    match: {
      node: "VariableSetStmt",
      where: { kind: "VAR_SET_MULTI", name: { oneOf: ["TRANSACTION", "TRANSACTION SNAPSHOT"] } },
    },
    example: "SET TRANSACTION READ ONLY",
    reason: "The modes of a transaction are set in BEGIN only.",
    remedy: "Say READ ONLY in BEGIN; the isolation level is always REPEATABLE READ.",
    message: transactionMessage,
    source: sources.emulator,
    mark: "measured",
  },
  {
    id: "session-characteristics",
    topic: "settings",
    match: { node: "VariableSetStmt", where: { kind: "VAR_SET_MULTI" } },
    example: "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    reason: "The access mode of a session's transactions can be set since October 2026.",
    remedy: "Say READ ONLY in BEGIN.",
    message: transactionMessage,
    source: sources.emulator,
    mark: "unsure",
    until: "2026-10-10",
  },
  {
    id: "session-characteristics-other",
    topic: "settings",
    match: {
      node: "VariableSetStmt",
      where: {
        kind: "VAR_SET_MULTI",
        args: {
          some: { "DefElem.defname": { oneOf: ["transaction_isolation", "transaction_deferrable"] } },
        },
      },
    },
    example: "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    reason:
      "Of the characteristics of a session's transactions only READ ONLY and READ WRITE are known to be taken.",
    remedy:
      "Leave it out: the isolation level is always REPEATABLE READ. READ ONLY and READ WRITE are taken.",
    message: transactionMessage,
    source: sources.emulator,
    mark: "unsure",
  },
  ...addedLater.map(({ name, since, source }): Rule => ({
    id: `set-${name.replaceAll(/[._]/g, "-")}`,
    topic: "settings",
    match: { node: "VariableSetStmt", where: { name } },
    example: `SET ${name} = off`,
    reason: `The setting exists since ${since ?? "then"}.`,
    remedy: "Leave it out.",
    message,
    slots: { name: "name" },
    source,
    mark: "documented",
    ...(since !== undefined && { until: since }),
  })),
  {
    id: "set",
    topic: "settings",
    // SET LOCAL ROLE is documented as supported; SET ROLE was refused.
    match: {
      node: "VariableSetStmt",
      where: { name: { noneOf: [...settable, "role", "session characteristics"] } },
    },
    example: "SET statement_timeout = 0",
    ...fewSettings,
    message,
    slots: { name: "name" },
    source: sources.lint,
    mark: "measured",
  },
  {
    id: "set-role",
    topic: "settings",
    match: { node: "VariableSetStmt", where: { name: "role", is_local: { oneOf: [undefined, false] } } },
    example: "SET ROLE admin",
    reason: "A session keeps the role that it connected as.",
    remedy: "Connect as the other role, or use SET LOCAL ROLE inside a transaction block.",
    message,
    slots: { name: "name" },
    source: sources.pgrest,
    mark: "measured",
  },
  {
    id: "set-config",
    topic: "settings",
    match: {
      node: "FuncCall",
      anywhere: true,
      isOutsideFunctions: true,
      where: {
        "funcname.-1.String.sval": "set_config",
        "funcname.-2.String.sval": { oneOf: [undefined, "pg_catalog"] },
        "args.0.A_Const.sval.sval": { noneOf: settable },
      },
    },
    example: "SELECT set_config('statement_timeout', '0', false)",
    ...fewSettings,
    message,
    slots: { name: "args.0.A_Const.sval.sval" },
    source: sources.pgrest,
    mark: "measured",
  },
];
