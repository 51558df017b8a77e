/**
 * The bounds that Aurora DSQL imposes, with the error a client sees at each. Where documentation and measurement differ
 * the measured value stands here, and the documented one beside it.
 */
import { sources } from "./sources.ts";

export interface Limit {
  readonly value: number;
  readonly unit: string;
  /** Missing when the service closes the connection instead, or when nothing was published. */
  readonly sqlstate?: string;
  readonly message?: string;
  readonly detail?: string;
  /** What the documentation says, where measurements differ. */
  readonly documented?: number;
  readonly source: string;
}

const mebibyte = 1024 * 1024;

export const limits = {
  // Transactions.
  rowsPerTransactionMax: {
    value: 3_000,
    unit: "rows",
    sqlstate: "54000",
    message: "transaction row limit exceeded",
    source: sources.quotas,
  },
  bytesPerTransactionMax: {
    value: 10 * mebibyte,
    unit: "bytes",
    sqlstate: "54000",
    message: "transaction size limit 10mb exceeded",
    source: sources.quotas,
  },
  transactionSecondsMax: {
    value: 300,
    unit: "seconds",
    sqlstate: "54000",
    message: "transaction age limit of 300s exceeded",
    source: sources.quotas,
  },
  queryMemoryBytesMax: {
    value: 128 * mebibyte,
    unit: "bytes",
    sqlstate: "54000",
    message: "query requires more than allowed temp space of 131072 KB to execute",
    source: sources.skill,
  },

  // Connections.
  connectionsPerClusterMax: {
    value: 10_000,
    unit: "connections",
    sqlstate: "53300",
    message: "Unable to accept connection, too many open connections.",
    source: sources.quotas,
  },
  newConnectionsBurstMax: {
    value: 1_000,
    unit: "connections",
    sqlstate: "53400",
    message: "Unable to accept connection, rate exceeded.",
    source: sources.quotas,
  },
  newConnectionsPerSecond: {
    value: 100,
    unit: "connections per second",
    sqlstate: "53400",
    message: "Unable to accept connection, rate exceeded.",
    source: sources.quotas,
  },
  connectionSecondsMax: { value: 3_600, unit: "seconds", source: sources.quotas },
  messageBytesMax: {
    value: 10 * mebibyte,
    unit: "bytes",
    sqlstate: "08P01",
    message: "invalid message length",
    source: sources.quotas,
  },

  // Keys, rows and values.
  keyBytesMax: {
    value: 1_981,
    documented: 1_024,
    unit: "bytes",
    sqlstate: "54000",
    message: "key size too large",
    source: sources.skill,
  },
  declaredKeyBytesMax: {
    value: 2_000,
    unit: "bytes",
    sqlstate: "54000",
    message: "key size greater than 2000 bytes not supported",
    source: sources.skill,
  },
  rowBytesMax: {
    value: 2 * mebibyte,
    unit: "bytes",
    sqlstate: "54000",
    message: "maximum row size exceeded",
    source: sources.quotas,
  },
  /** Of a text, bytea, json or jsonb, compressed; the name of the type follows the message. */
  valueBytesMax: {
    value: mebibyte,
    unit: "bytes",
    sqlstate: "54000",
    message: "datatype limit greater than 1048576 bytes not supported for",
    source: sources.skill,
  },
  charBytesMax: {
    value: 4_096,
    unit: "bytes",
    sqlstate: "54000",
    message: "Datatype limit greater than 4096 bytes not supported for char",
    source: sources.skill,
  },
  varcharBytesMax: {
    value: 65_535,
    unit: "bytes",
    sqlstate: "54000",
    message: "Datatype limit greater than 65535 bytes not supported for varchar",
    source: sources.skill,
  },
  numericPrecisionMax: { value: 1_000, unit: "digits", sqlstate: "22023", source: sources.types },

  // Objects.
  columnsPerTableMax: {
    value: 256,
    documented: 255,
    unit: "columns",
    sqlstate: "54011",
    message: "tables can have at most 255 columns",
    source: sources.skill,
  },
  columnsPerKeyMax: {
    value: 8,
    unit: "columns",
    sqlstate: "54011",
    message: "more than 8 column keys in an index are not supported",
    source: sources.quotas,
  },
  indexesPerTableMax: {
    value: 24,
    unit: "indexes",
    sqlstate: "54000",
    message: "more than 24 indexes per table are not allowed",
    source: sources.quotas,
  },
  statisticsPerTableMax: {
    value: 5,
    unit: "statistics",
    sqlstate: "54000",
    message: "more than 5 extended statistics per table are not allowed",
    source: sources.createStatistics,
  },
  statisticsTargetMax: { value: 100, unit: "entries", sqlstate: "22023", source: sources.skill },
  schemasMax: {
    value: 10,
    unit: "schemas",
    sqlstate: "54000",
    message: "more than 10 schemas not allowed",
    source: sources.quotas,
  },
  tablesMax: {
    value: 1_000,
    unit: "tables",
    sqlstate: "54000",
    message: "creating more than 1000 tables not allowed",
    source: sources.quotas,
  },
  viewsMax: {
    value: 5_000,
    unit: "views",
    sqlstate: "54000",
    message: "creating more than 5000 views not allowed",
    source: sources.quotas,
  },
  viewDefinitionBytesMax: {
    value: 512 * 1024,
    documented: 2 * mebibyte,
    unit: "bytes",
    sqlstate: "54000",
    message: "view definition too large",
    source: sources.skill,
  },
  sequencesMax: {
    value: 5_000,
    unit: "sequences",
    sqlstate: "54000",
    message: "creating more than 5000 sequences is not allowed",
    source: sources.quotas,
  },
  /** A smaller cache than this must be exactly 1. */
  sequenceCacheMin: { value: 65_536, unit: "values", sqlstate: "0A000", source: sources.createSequence },
  clusterBytesMax: {
    value: 10 * 1024 * 1024 * mebibyte,
    unit: "bytes",
    sqlstate: "53100",
    message: "Current cluster size exceeds cluster size limit.",
    source: sources.quotas,
  },
  jobRetentionSeconds: { value: 1_800, unit: "seconds", source: sources.async },
  restoreJobsMax: { value: 4, unit: "jobs", source: sources.quotas },
  streamsPerClusterMax: {
    value: 5,
    unit: "streams",
    message: "You have reached the stream limit.",
    source: sources.quotas,
  },
  clustersPerRegionMax: {
    value: 20,
    unit: "clusters",
    message: "You have reached the cluster limit.",
    source: sources.quotas,
  },
  /** Counted apart from those of a single Region. */
  multiRegionClustersPerRegionMax: {
    value: 5,
    unit: "clusters",
    message: "You have reached the cluster limit.",
    source: sources.quotas,
  },
} as const satisfies Record<string, Limit>;

/** A limit, as options and `--limit` name it. */
export type LimitName = keyof typeof limits;

/** What DETAIL says at a limit that was lowered, whose message stays the service's; undefined where it was not. */
export function loweredLimitDetail(name: LimitName, inForce: number): string | undefined {
  const { value, unit } = limits[name];
  return inForce === value ? undefined : `The limit in force here: ${inForce} ${unit}.`;
}

/** Facts about AWS accounts, and the one lower bound: no cluster could apply them lowered. */
const fixedLimits: readonly LimitName[] = [
  "clustersPerRegionMax",
  "multiRegionClustersPerRegionMax",
  "restoreJobsMax",
  "streamsPerClusterMax",
  "sequenceCacheMin",
];

/** The limits that a cluster may be told to lower, for tests. */
export const lowerableLimits: readonly LimitName[] = (Object.keys(limits) as LimitName[]).filter(
  (name) => !fixedLimits.includes(name),
);
