/**
 * How the embedded PostgreSQL is configured. Both files are written anew at every start, so a data directory made by
 * an older version runs with today's settings; what somebody edits in them does not last.
 */

/** Connections beyond the cluster's own that PostgreSQL keeps room for: jobs, cancellations, a person with psql. */
export const connectionsReserved = 16;

export interface ServerSettings {
  /** Whether a commit survives loss of power, not only the death of processes. */
  readonly fsync: boolean;
  readonly connectionsMax: number;
  readonly listen: { readonly socketDir: string } | { readonly host: string; readonly port: number };
}

/** The name of the socket's file carries a port, though nothing listens on it. */
export const socketPort = 5432;

export function postgresqlConf({ fsync, connectionsMax, listen }: ServerSettings): string {
  const where =
    "socketDir" in listen
      ? {
          listen_addresses: "",
          unix_socket_directories: listen.socketDir,
          unix_socket_permissions: "0700",
          port: socketPort,
        }
      : { listen_addresses: listen.host, port: listen.port };
  const settings = {
    ...where,
    ...fixedSettings,
    fsync,
    max_connections: connectionsMax + connectionsReserved,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${quoted(value)}`);
  return `# Written at every start of the cluster; changes made here do not last.\n${lines.join("\n")}\n`;
}

const fixedSettings = {
  // What clients see.
  timezone: "UTC",
  log_timezone: "UTC",
  lc_messages: "C",
  client_encoding: "UTF8",
  default_text_search_config: "pg_catalog.simple",
  default_transaction_isolation: "repeatable read",

  // A commit that was answered is with the operating system: it survives the death of any process.
  synchronous_commit: "on",
  // Also without fsync: Linux copies an 8 kB page in pieces and stops between them when the writer is killed. Measured
  // with pgbench over a million rows: 15 to 30 % in the seconds after a checkpoint, nothing once each page was written.
  full_page_writes: true,
  wal_level: "minimal",
  max_wal_senders: 0,
  max_wal_size: "1GB",
  checkpoint_timeout: "15min",

  // A ring of two writers waits this long before the coordinator can part it.
  deadlock_timeout: "30ms",
  max_prepared_transactions: 0,

  // Plans as on the service: no compilation, no parallel workers, no bitmaps, rows of a scan in the order they are stored.
  jit: false,
  enable_bitmapscan: false,
  synchronize_seqscans: false,
  max_worker_processes: 0,
  max_parallel_workers: 0,
  max_parallel_workers_per_gather: 0,
  max_parallel_maintenance_workers: 0,
  max_logical_replication_workers: 0,

  // Containers have 64 MB of /dev/shm or none. Nothing larger than this is shared at run time, so it never grows a file.
  shared_buffers: "128MB",
  huge_pages: "off",
  min_dynamic_shared_memory: "4MB",
  ...(process.platform === "win32" ? {} : { dynamic_shared_memory_type: "mmap" }),

  // Settings of the service that PostgreSQL only keeps.
  "dsql.enable_batched_nestloop": true,
  "dsql.disable_sync_create_index": true,

  autovacuum: true,
  autovacuum_naptime: "15s",
  // Statistics of small tables too: what the planner assumes of a table that was never analysed suits larger ones.
  autovacuum_analyze_threshold: 1,
  track_activities: true,
  update_process_title: false,

  // The log tells of PostgreSQL's own troubles. Errors of clients' statements stay out of it, and details with them:
  // both quote rows and statements.
  logging_collector: false,
  log_destination: "stderr",
  log_min_messages: "log",
  log_min_error_statement: "panic",
  log_error_verbosity: "terse",
  log_checkpoints: false,
  log_line_prefix: "[%p] ",
};

function quoted(value: string | number | boolean): string {
  if (typeof value === "boolean") return value ? "on" : "off";
  return `'${String(value).replaceAll("'", "''")}'`;
}

/**
 * Who may connect. The socket's folder is closed to every other user, so whoever reaches it is the cluster, and the
 * cluster has checked who its client is. Loopback TCP, where there are no such sockets, is open to all users of the
 * machine: there, each role has a password that only the cluster knows.
 *
 * Nobody connects as the superuser: whatever a client has the system do, PostgreSQL itself refuses what needs one.
 */
export function pgHbaConf(listen: ServerSettings["listen"], superuser: string): string {
  const [from, method] =
    "socketDir" in listen ? (["local", "trust"] as const) : (["host", "password"] as const);
  const address = "socketDir" in listen ? "" : ` ${listen.host}/32`;
  const rule = `${from} all ${superuser}${address} reject\n${from} all all${address} ${method}`;
  return `# Written at every start of the cluster; changes made here do not last.\n${rule}\n`;
}
