import { limits } from "../limits.ts";
import { sources } from "../sources.ts";
import type { Rule } from "./rule.ts";

const cacheHint =
  "Write CACHE 65536 for high rates, where values have gaps, or CACHE 1 for few values in near order.";
const sequencesSince = "2026-02-13";

export const sequenceRules: readonly Rule[] = [
  {
    id: "create-sequence",
    topic: "tables",
    match: { node: "CreateSeqStmt", anywhere: true },
    message: "unsupported statement: CreateSeq",
    source: sources.releases,
    mark: "unsure",
    until: sequencesSince,
  },
  {
    id: "identity-column",
    topic: "tables",
    match: { node: "Constraint", anywhere: true, where: { contype: "CONSTR_IDENTITY" } },
    message: "IDENTITY constraint not supported",
    source: sources.releases,
    mark: "unsure",
    until: sequencesSince,
  },
  {
    id: "temporary-sequence",
    topic: "tables",
    match: { node: "CreateSeqStmt", anywhere: true, where: { "sequence.relpersistence": "t" } },
    message: "TEMPORARY or TEMP sequence not supported for CREATE SEQUENCE",
    source: sources.createSequence,
    mark: "unsure",
  },
  {
    id: "sequence-cache-missing",
    topic: "tables",
    match: {
      node: "CreateSeqStmt",
      anywhere: true,
      where: { options: { none: { "DefElem.defname": "cache" } } },
    },
    message:
      "CREATE SEQUENCE is not supported without an explicit cache size. please define CACHE greater than or equal to 65536 or equal to 1",
    hint: cacheHint,
    source: sources.emulator,
    mark: "measured",
  },
  {
    id: "identity-cache-missing",
    topic: "tables",
    match: {
      node: "Constraint",
      anywhere: true,
      where: { contype: "CONSTR_IDENTITY", options: { none: { "DefElem.defname": "cache" } } },
    },
    message:
      "identity column is not supported without an explicit cache size. please define CACHE greater than or equal to 65536 or equal to 1",
    hint: cacheHint,
    source: sources.emulator,
    mark: "measured",
  },
  {
    id: "sequence-cache-size",
    topic: "tables",
    // The option of CREATE and ALTER SEQUENCE and of every form of identity.
    match: {
      node: "DefElem",
      anywhere: true,
      where: { defname: "cache", "arg.Integer.ival": { between: [2, limits.sequenceCacheMin.value - 1] } },
    },
    message: "CACHE ({cache}) must be greater than or equal to 65536 or equal to 1",
    slots: { cache: "arg.Integer.ival" },
    hint: cacheHint,
    source: sources.pistachio,
    mark: "measured",
  },
  {
    id: "identity-type",
    topic: "tables",
    match: { node: "IdentityColumn", anywhere: true, where: { name: { noneOf: ["int8"] } } },
    message: "datatype {type} not supported, identity column type must be bigint",
    slots: { type: "shown" },
    source: sources.emulator,
    mark: "measured",
  },
  {
    id: "sequence-type",
    topic: "tables",
    match: { node: "SequenceType", anywhere: true, where: { name: { noneOf: ["int8"] } } },
    message: "datatype {type} not supported, sequence type must be bigint",
    slots: { type: "shown" },
    source: sources.createSequence,
    mark: "unsure",
  },
];
