/** Where the local cluster differs because it is local. What it could do as the service does is a known difference instead. */
export interface Purpose {
  readonly service: string;
  readonly here: string;
  readonly why: string;
}

export const onPurpose: readonly Purpose[] = [
  {
    service: "many machines in three availability zones, or more Regions",
    here: "one PostgreSQL on one machine",
    why: "what an application sees of a cluster is judged; latencies and throughput are not the service's",
  },
  {
    service: "a cluster is reached by its own name, and its token is signed for that name",
    here: "also by `localhost`, which names the stack's oldest cluster; who comes by it may sign for it",
    why: "programs that can neither be led to this machine by a preload nor by libpq's PGHOSTADDR find that name",
  },
  {
    service: "an idle cluster falls asleep and wakes up with the next connection",
    here: "the cluster is awake as long as it runs",
    why: "there is nothing to save",
  },
  {
    service: "10 TiB",
    here: "as much as the disk holds",
    why: "`sys.cluster_size_limit()` says what the service would",
  },
  {
    service: "index builds take about a minute, however small",
    here: "they take as long as the work",
    why: "tests need not wait; the states and their order are the same",
  },
  {
    service: "quotas of a cluster can be raised by AWS",
    here: "limits can be lowered: `dsql start --limit rowsPerTransaction=10`",
    why: "a test meets a limit faster",
  },
  {
    service: "whatever holds today",
    here: "the service as of a date: `dsql start --rules 2025-11`",
    why: "to see what an upgrade of the service changes",
  },
  {
    service: "errors have the service's HINT, if any",
    here: "every refusal has a HINT that says what to do instead",
    why: "the SQLSTATE and the message stay the service's",
  },
  {
    service: "a conflict is heard at COMMIT, whatever the transaction does until then",
    here: "at the statement, where a transaction that has lost runs a data-modifying CTE over a table of more than 50,000 rows, writes more than 64 MiB into one table, may not read a table that its statement's keys are looked up in, or has called a function of its own that writes rows, or reads what it has written by way of a function or a view",
    why: "answering such a statement from the snapshot would copy the table, or repeat what cannot be repeated",
  },
  {
    service: "every row, value and key is measured, and counts for the 10 MiB of its transaction",
    here: "of the rows that a data-modifying CTE or a function writes, values above 2 kB count by their size, the rest of the row and its index entries by a fixed cost and by what the client sends",
    why: "their sizes cannot be told from outside PostgreSQL without reading whole tables, which is done only where more than a megabyte went into large values at once",
  },
  {
    service: "`GROUP BY c.oid` over a catalog stands for all its columns, because `oid` is its primary key",
    here: "each column that is not aggregated has to be named: 42803",
    why: "clients see views of the catalogs, without what is the embedded PostgreSQL's own, and a view has no primary key; psql, pg_dump, the drivers and ORMs that are tested name their columns",
  },
];
