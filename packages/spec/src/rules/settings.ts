import { settableSettings } from "../settings.ts";
import { sources } from "../sources.ts";
import type { Rule } from "./rule.ts";

const message = 'setting configuration parameter "{name}" not supported';
const settable = settableSettings.map(({ name }) => name);
const addedLater = settableSettings.filter(({ since }) => since !== undefined);

/** BEGIN says it in its own words (rule `isolation-level`), which also come first for SET TRANSACTION. */
export const settingRules: readonly Rule[] = [
  {
    id: "set-transaction",
    topic: "settings",
    match: { node: "VariableSetStmt", where: { kind: "VAR_SET_MULTI" } },
    message: 'setting configuration parameter "TRANSACTION" not supported',
    hint: "Say READ ONLY in BEGIN; the isolation level is always REPEATABLE READ.",
    source: sources.emulator,
    mark: "measured",
  },
  ...addedLater.map(({ name, since, source }): Rule => ({
    id: `set-${name.replaceAll(/[._]/g, "-")}`,
    topic: "settings",
    match: { node: "VariableSetStmt", where: { name } },
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
    match: { node: "VariableSetStmt", where: { name: { noneOf: [...settable, "role"] } } },
    message,
    slots: { name: "name" },
    source: sources.lint,
    mark: "measured",
  },
  {
    id: "set-role",
    topic: "settings",
    match: { node: "VariableSetStmt", where: { name: "role", is_local: { oneOf: [undefined, false] } } },
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
      where: {
        "funcname.-1.String.sval": "set_config",
        "funcname.-2.String.sval": { oneOf: [undefined, "pg_catalog"] },
        "args.0.A_Const.sval.sval": { noneOf: settable },
      },
    },
    message,
    slots: { name: "args.0.A_Const.sval.sval" },
    source: sources.pgrest,
    mark: "measured",
  },
];
