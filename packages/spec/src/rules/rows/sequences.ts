import { limits } from "../../limits.ts";
import { sources } from "../../sources.ts";
import type { Rule } from "../rule.ts";

const cache = {
  reason:
    "A sequence hands out cached ranges: Aurora DSQL wants the size of the cache said, either 1 or at least 65536.",
  remedy:
    "Write CACHE 65536 for high rates, where values have gaps, or CACHE 1 for few values in near order.",
};
const bigintOnly = {
  reason: "Sequences and identity columns are bigint.",
  remedy: "Use bigint.",
};
const sequencesSince = "2026-02-13";
const beforeSequences = {
  reason: `Sequences and identity columns exist since ${sequencesSince}.`,
  remedy: "Use a uuid column with DEFAULT gen_random_uuid().",
};

export const sequenceRules: readonly Rule[] = [
  {
    id: "create-sequence",
    topic: "tables",
    match: { node: "CreateSeqStmt", anywhere: true },
    example: "CREATE SEQUENCE number CACHE 1",
    ...beforeSequences,
    message: "unsupported statement: CreateSeq",
    source: sources.releases,
    mark: "unsure",
    until: sequencesSince,
  },
  {
    id: "identity-column",
    topic: "tables",
    match: { node: "Constraint", anywhere: true, where: { contype: "CONSTR_IDENTITY" } },
    example: "CREATE TABLE note (id bigint GENERATED ALWAYS AS IDENTITY (CACHE 1))",
    ...beforeSequences,
    message: "IDENTITY constraint not supported",
    source: sources.releases,
    mark: "unsure",
    until: sequencesSince,
  },
  {
    id: "temporary-sequence",
    topic: "tables",
    match: { node: "CreateSeqStmt", anywhere: true, where: { "sequence.relpersistence": "t" } },
    example: "CREATE TEMP SEQUENCE number CACHE 1",
    reason: "Aurora DSQL has no temporary objects.",
    remedy: "Use generate_series() or row_number() within the query.",
    message: "TEMPORARY or TEMP sequence not supported for CREATE SEQUENCE",
    source: sources.createSequence,
    mark: "unsure",
  },
  {
    id: "unlogged-sequence",
    topic: "tables",
    match: { node: "CreateSeqStmt", anywhere: true, where: { "sequence.relpersistence": "u" } },
    example: "CREATE UNLOGGED SEQUENCE number CACHE 1",
    reason: "Every sequence is durable.",
    remedy: "Leave UNLOGGED out.",
    message: "UNLOGGED sequence not supported for CREATE SEQUENCE",
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
    example: "CREATE SEQUENCE number",
    ...cache,
    message:
      "CREATE SEQUENCE is not supported without an explicit cache size. please define CACHE greater than or equal to 65536 or equal to 1",
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
    example: "CREATE TABLE note (id bigint GENERATED ALWAYS AS IDENTITY)",
    ...cache,
    message:
      "identity column is not supported without an explicit cache size. please define CACHE greater than or equal to 65536 or equal to 1",
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
    example: "CREATE SEQUENCE number CACHE 20",
    ...cache,
    message: "CACHE ({cache}) must be greater than or equal to 65536 or equal to 1",
    slots: { cache: "arg.Integer.ival" },
    source: sources.pistachio,
    mark: "measured",
  },
  {
    id: "sequence-cache-positive",
    topic: "tables",
    // A zero is left out of the tree.
    match: {
      node: "DefElem",
      anywhere: true,
      where: { defname: "cache", "arg.Integer": { present: true }, "arg.Integer.ival": { notAbove: 0 } },
    },
    example: "CREATE SEQUENCE number CACHE 0",
    ...cache,
    sqlstate: "22023",
    message: "CACHE ({cache}) must be greater than zero",
    slots: { cache: { path: "arg.Integer.ival", show: "number" } },
    source: "https://www.postgresql.org/docs/16/sql-createsequence.html",
    mark: "documented",
  },
  {
    id: "identity-type",
    topic: "tables",
    match: { node: "IdentityColumn", anywhere: true, where: { name: { noneOf: ["int8"] } } },
    example: "CREATE TABLE note (id int GENERATED ALWAYS AS IDENTITY (CACHE 1))",
    ...bigintOnly,
    message: "datatype {type} not supported, identity column type must be bigint",
    slots: { type: "shown" },
    source: sources.emulator,
    mark: "measured",
  },
  {
    id: "sequence-type",
    topic: "tables",
    match: { node: "SequenceType", anywhere: true, where: { name: { noneOf: ["int8"] } } },
    example: "CREATE SEQUENCE number AS integer CACHE 1",
    ...bigintOnly,
    message: "datatype {type} not supported, sequence type must be bigint",
    slots: { type: "shown" },
    source: sources.createSequence,
    mark: "unsure",
  },
];
