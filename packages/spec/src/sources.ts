/** Where the facts of this package come from. */
const userGuide = "https://docs.aws.amazon.com/aurora-dsql/latest/userguide";

export const sources = {
  /** Recordings of a real cluster, September 2026. */
  emulator: "https://github.com/Dreamescaper/dsql-emulator",
  /** AWS Labs' DSQL skill, measured on a real cluster, October 2026. */
  skill: "https://github.com/awslabs/agent-plugins/tree/main/plugins/databases-on-aws/skills/dsql",
  /** Comments mark what was measured, August 2026. */
  ministack: "https://github.com/ministackorg/ministack",
  /** A rule set and a grammar derived from a live cluster, August 2026. */
  lint: "https://github.com/awslabs/aurora-dsql-tools",
  marc: "https://marc-bowes.com",
  spike: "https://github.com/sramuschkat/nina-pm.svenesis.org",
  pgrest: "https://github.com/yoshuacas/pgrest-lambda",
  /** A recording of a live cluster, 2026-10-10: testdata/dsql/dsql.yaml. */
  pistachio: "https://github.com/winebarrel/pistachio",
  /** Statements sent to a live cluster, 2026-10-03. */
  dsqlbase: "https://github.com/slsdotdev/dsqlbase",
  /** Experiments of September 2026. */
  experiments: "https://github.com/roboco-io/dsql-experiments",
  orms: "https://github.com/awslabs/aurora-dsql-orms",
  migrationToolkit: "https://github.com/awslabs/dsql-migration-toolkit",
  signer: "https://github.com/aws/aws-sdk-js-v3/tree/main/packages/dsql-signer",
  botocore: "https://github.com/boto/botocore",
  postgresql: "https://www.postgresql.org/docs/16/errcodes-appendix.html",
  alterTable: `${userGuide}/alter-table-syntax-support.html`,
  async: `${userGuide}/working-with-create-index-async.html`,
  billing: "https://docs.aws.amazon.com/aurora-dsql/latest/userguide/billing-metering.html",
  concurrency: `${userGuide}/working-with-concurrency-control.html`,
  connections: `${userGuide}/accessing.html`,
  createIndex: `${userGuide}/create-index-syntax-support.html`,
  createSequence: `${userGuide}/create-sequence-syntax-support.html`,
  createStatistics: `${userGuide}/create-statistics-syntax-support.html`,
  createFunction: `${userGuide}/create-function-syntax-support.html`,
  createTable: `${userGuide}/create-table-syntax-support.html`,
  createView: `${userGuide}/create-view-syntax-support.html`,
  ddl: `${userGuide}/working-with-ddl.html`,
  explain: `${userGuide}/reading-dsql-explain-plans.html`,
  foreignKeys: `${userGuide}/working-with-foreign-key-constraints.html`,
  migration: `${userGuide}/working-with-postgresql-compatibility-migration-guide.html`,
  quotas: `${userGuide}/CHAP_quotas.html`,
  releases: `${userGuide}/release-notes.html`,
  roles: `${userGuide}/using-database-and-iam-roles.html`,
  sequences: `${userGuide}/sequences-identity-columns-working-with.html`,
  setConstraints: `${userGuide}/set-constraints-syntax-support.html`,
  sql: `${userGuide}/working-with-postgresql-compatibility-supported-sql-features.html`,
  token: `${userGuide}/SECTION_authentication-token.html`,
  troubleshooting: `${userGuide}/troubleshooting.html`,
  types: `${userGuide}/working-with-postgresql-compatibility-supported-data-types.html`,
} as const;
