/**
 * The errors that Aurora DSQL sends, word for word, each with its source.
 *
 * `docs/errors.md` has one entry per row; a test holds both equal. Texts with a variable part are functions.
 */
export interface ErrorFact {
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
  /** Where the text was measured or documented. */
  readonly source: string;
}

const userGuide = "https://docs.aws.amazon.com/aurora-dsql/latest/userguide/";
const measuredByEmulator = "https://github.com/Dreamescaper/dsql-emulator";
const concurrency = `${userGuide}working-with-concurrency-control.html`;
const postgresql = "https://www.postgresql.org/docs/16/errcodes-appendix.html";
const skillLimits =
  "https://github.com/awslabs/agent-plugins/blob/main/plugins/databases-on-aws/skills/dsql/references/limits-and-error-codes.md";
const postgresStartup = "https://www.postgresql.org/docs/16/protocol-flow.html";
const quotas = `${userGuide}CHAP_quotas.html`;

/** The HINT of a refused connection, where the service gives one. Measured. */
export const accessDeniedHints = {
  wrongAction: (user: string, action: string): string =>
    `Wrong user to action mapping. user: ${user}, action: ${action}`,
  /** @param callerArn - the user, or the session of an assumed role, as STS shows it. @param action - `dsql:DbConnect`, say */
  notAllowed: (callerArn: string, action: string, clusterArn: string): string =>
    `User: ${callerArn} is not authorized to perform: ${action} on resource: ${clusterArn} because no identity-based policy allows the ${action} action`,
  otherAccount: (callerArn: string): string => `User: ${callerArn} is not authorized to access this resource`,
} as const;

export const errors = {
  /** Another transaction committed a row that this one changed or locked. */
  dataConflict: {
    sqlstate: "40001",
    message: "change conflicts with another transaction (OC000)",
    source: concurrency,
  },
  /** The catalog changed under the transaction or since the session last looked. */
  schemaConflict: {
    sqlstate: "40001",
    message: "schema has been updated by another transaction (OC001)",
    source: concurrency,
  },
  transactionAborted: {
    sqlstate: "25P02",
    message: "current transaction is aborted, commands ignored until end of transaction block",
    source: measuredByEmulator,
  },
  multipleDdl: {
    sqlstate: "0A000",
    message: "multiple ddl statements not supported in a transaction",
    hint: "Send each DDL statement in a transaction of its own.",
    source: measuredByEmulator,
  },
  ddlWithDml: {
    sqlstate: "0A000",
    message: "ddl and dml are not supported in the same transaction",
    hint: "Send the DDL in a transaction of its own, and the rows in another.",
    source: measuredByEmulator,
  },
  rowLimit: { sqlstate: "54000", message: "transaction row limit exceeded", source: quotas },
  ageLimit: { sqlstate: "54000", message: "transaction age limit of 300s exceeded", source: quotas },
  sizeLimit: { sqlstate: "54000", message: "transaction size limit 10mb exceeded", source: quotas },
  tlsMandatory: {
    sqlstate: "28000",
    message: "unable to accept connection, SSL is mandatory. AWS Authentication is required.",
    source: "https://marc-bowes.com",
  },
  sniMissing: {
    sqlstate: "28000",
    message: "unable to accept connection, sni was not received",
    source: `${userGuide}troubleshooting.html`,
  },
  /** Measured in two dated logs; no measured 28000 is known. */
  accessDenied: {
    sqlstate: "08006",
    message: "unable to accept connection, access denied",
    source: `${userGuide}troubleshooting.html`,
  },
  tooManyConnections: {
    sqlstate: "53300",
    message: "Unable to accept connection, too many open connections.",
    source: quotas,
  },
  connectionRate: {
    sqlstate: "53400",
    message: "Unable to accept connection, rate exceeded.",
    source: quotas,
  },
  /** Protocol 2.0 and the like; minor versions of 3 are negotiated instead. */
  unsupportedProtocol: (major: number, minor: number): ErrorFact => ({
    sqlstate: "0A000",
    message: `unsupported frontend protocol ${major}.${minor}: server supports 3.0 to 3.0`,
    source: postgresStartup,
  }),
  startupPacketMalformed: {
    sqlstate: "08P01",
    message: "invalid startup packet layout: expected terminator as last byte",
    source: postgresStartup,
  },
  /** What follows an SSLRequest before the server's answer was not sent by whoever holds the TLS session. */
  unencryptedDataAfterSslRequest: {
    sqlstate: "08P01",
    message: "received unencrypted data after SSL request",
    hint: "This could be either a client-software bug or evidence of an attempted man-in-the-middle attack.",
    source: postgresStartup,
  },
  unencryptedDataAfterGssRequest: {
    sqlstate: "08P01",
    message: "received unencrypted data after GSSAPI encryption request",
    hint: "This could be either a client-software bug or evidence of an attempted man-in-the-middle attack.",
    source: postgresStartup,
  },
  /** Until 2026-08-24. */
  lockingSeveralTables: {
    sqlstate: "0A000",
    message: "locking clause such as FOR UPDATE can be applied on a single table",
    hint: "Lock the rows of each table in a SELECT of its own, by the whole primary key.",
    source: `${userGuide}working-with-postgresql-compatibility-supported-sql-subsets.html`,
  },
  /** Until 2026-08-24. */
  lockingWithoutKey: {
    sqlstate: "0A000",
    message:
      "locking clause such as FOR UPDATE can be applied only on tables with equality predicates on the key",
    hint: "State a value for each column of the primary key: WHERE id = $1.",
    source: `${userGuide}working-with-postgresql-compatibility-supported-sql-subsets.html`,
  },
  settingNotSupported: (name: string): ErrorFact => ({
    sqlstate: "0A000",
    message: `setting configuration parameter "${name}" not supported`,
    source: measuredByEmulator,
  }),
  /** Text is UTF8 in the service, and so it is on the wire. */
  encodingNotSupported: (name: string): ErrorFact => ({
    sqlstate: "22023",
    message: `invalid value for parameter "client_encoding": "${name}"`,
    hint: "Text is UTF8 here: set client_encoding to UTF8, and convert in the client.",
    source: `${userGuide}working-with-postgresql-compatibility-supported-sql-features.html`,
  }),
  /** Nesting deeper than the parser or the planner can follow. */
  stackDepth: { sqlstate: "54001", message: "stack depth limit exceeded", source: skillLimits },
  /** PostgreSQL's strings cannot hold the byte that ends them. */
  nulByte: {
    sqlstate: "22021",
    message: 'invalid byte sequence for encoding "UTF8": 0x00',
    source: postgresql,
  },
  /** Also what would be one by its schema, pg_temp. @param kind - `table`, `view`, … */
  temporaryObject: (kind: string): ErrorFact => ({
    sqlstate: "0A000",
    message: `TEMPORARY or TEMP ${kind} not supported for CREATE ${kind.toUpperCase()}`,
    hint: "Put a schema of your own first in the search path, or name it: CREATE TABLE public.note.",
    source: measuredByEmulator,
  }),
  /** The body of a function in LANGUAGE SQL reads and writes rows; PostgreSQL words it so for COMMIT. */
  notInFunction: (command: string): ErrorFact => ({
    sqlstate: "0A000",
    message: `${command} is not allowed in an SQL function`,
    hint: "Send the statement on its own; a function reads and changes rows.",
    source: "https://www.postgresql.org/docs/16/xfunc-sql.html",
  }),
  /** What only writes, in a block begun READ ONLY. */
  readOnlyTransaction: (command: string): ErrorFact => ({
    sqlstate: "25006",
    message: `cannot execute ${command} in a read-only transaction`,
    source: postgresql,
  }),
  syntaxErrorNear: (word: string): ErrorFact => ({
    sqlstate: "42601",
    message: `syntax error at or near "${word}"`,
    source: postgresql,
  }),
  syntaxErrorAtEnd: { sqlstate: "42601", message: "syntax error at end of input", source: postgresql },
  /** Idle for long, the service has put the cluster to sleep. Never sent by the local cluster; clients must expect it. */
  wakingUp: {
    sqlstate: "28000",
    message: "unable to accept connection, waking up cluster, please retry later",
    source: skillLimits,
  },
  /** A key is for good: the rows are stored in its order. */
  dropKeyColumn: (column: string): ErrorFact => ({
    sqlstate: "0A000",
    message: `cannot drop primary key column ${column}`,
    hint: "Create a table with the key that you want, and move the rows in batches of at most 3,000.",
    source: measuredByEmulator,
  }),
  dropPrimaryKey: {
    sqlstate: "0A000",
    message: "unsupported ALTER TABLE DROP CONSTRAINT statement",
    hint: "Create a table with the key that you want, and move the rows in batches of at most 3,000.",
    source: `${userGuide}alter-table-syntax-support.html`,
  },
  identityType: (type: string): ErrorFact => ({
    sqlstate: "0A000",
    message: `datatype ${type} not supported, identity column type must be bigint`,
    source: measuredByEmulator,
  }),
  datatypeNotSupported: (type: string): ErrorFact => ({
    sqlstate: "0A000",
    message: `datatype ${type} not supported`,
    source: measuredByEmulator,
  }),
  keyTypeNotSupported: (type: string): ErrorFact => ({
    sqlstate: "0A000",
    message: `datatype ${type} is not supported in a key`,
    hint: "Use an expression of another type: (data->>'name') of a json or jsonb column.",
    source: skillLimits,
  }),
  jobIdMalformed: {
    sqlstate: "22P02",
    message: "Unable to convert text to UUID",
    source: measuredByEmulator,
  },
  waitForJobInBlock: {
    sqlstate: "25001",
    message: "sys.wait_for_job cannot run inside a transaction block",
    source: `${userGuide}working-with-create-index-async.html`,
  },
  iamGrantDenied: (role: string): ErrorFact => ({
    sqlstate: "42501",
    message: `permission denied to grant IAM trust with role ${role}`,
    source: `${userGuide}troubleshooting.html`,
  }),
  iamArnMalformed: {
    sqlstate: "22023",
    message: "IAM role must look like an IAM ARN",
    hint: "Write it as arn:aws:iam::<account>:role/<name>.",
    source: `${userGuide}troubleshooting.html`,
  },
  iamRoleCannotLogIn: (role: string): ErrorFact => ({
    sqlstate: "42501",
    message: `role ${role} must have the LOGIN attribute`,
    hint: "Create it with CREATE ROLE name WITH LOGIN.",
    source: `${userGuide}troubleshooting.html`,
  }),
  /** `admin`, whom IAM lets in by another action, and PostgreSQL's own roles. */
  iamRoleNotSupported: (role: string): ErrorFact => ({
    sqlstate: "0A000",
    message: `Role ${role} not supported`,
    source: `${userGuide}troubleshooting.html`,
  }),
  /** The service refuses it in words that nobody has published. */
  iamMappingExists: (arn: string, role: string): ErrorFact => ({
    sqlstate: "42710",
    message: `IAM role ${arn} is already mapped to role ${role}`,
    source: `${userGuide}using-database-and-iam-roles.html`,
  }),
  /** The service refuses it in words that nobody has published. */
  iamMappingMissing: (arn: string, role: string): ErrorFact => ({
    sqlstate: "42704",
    message: `IAM role ${arn} is not mapped to role ${role}`,
    hint: "SELECT arn, pg_role_name FROM sys.iam_pg_role_mappings lists what is mapped.",
    source: `${userGuide}using-database-and-iam-roles.html`,
  }),
  /** Also for a relation that another session has created since the transaction began. */
  relationMissing: (relation: string): ErrorFact => ({
    sqlstate: "42P01",
    message: `relation "${relation}" does not exist`,
    source: postgresql,
  }),
  roleMissing: (role: string): ErrorFact => ({
    sqlstate: "42704",
    message: `role "${role}" does not exist`,
    source: postgresql,
  }),
  iamRoleInUse: (role: string): ErrorFact => ({
    sqlstate: "2BP01",
    message: `role ${role} cannot be dropped because some objects depend on it`,
    hint: "AWS IAM REVOKE its mappings first.",
    source: `${userGuide}troubleshooting.html`,
  }),
  serverUnavailable: { sqlstate: "XX000", message: "server unavailable", source: concurrency },
} as const satisfies Record<string, ErrorFact | ((...values: never[]) => ErrorFact)>;
