import { sources } from "@dsql-local/spec";
import { type Fact, factsOf } from "./fact.ts";

const connection = factsOf("Connections and tokens");
const identity = factsOf("Identity and settings");
const wire = (name: string): { readonly checks: readonly string[] } => ({ checks: [`wire/${name}`] });

export const connectionFacts: readonly Fact[] = [
  connection(
    "tls-mandatory",
    "A plain connection is told that SSL is mandatory.",
    sources.marc,
    wire("start-up: a plain connection is told that SSL is mandatory"),
  ),
  connection(
    "tls-direct",
    "TLS may begin with SSLRequest or at once, with ALPN `postgresql`.",
    sources.marc,
    wire("start-up: TLS may begin at once, with ALPN postgresql"),
  ),
  connection(
    "sni-required",
    "The server finds the cluster by the server name of TLS, and refuses a connection without it.",
    sources.troubleshooting,
    { mark: "documented", ...wire("start-up: TLS without a server name is refused") },
  ),
  connection(
    "cleartext-password",
    "Inside TLS the server asks for a cleartext password, which is the IAM token; every check connects so.",
    sources.lint,
    wire("start-up: a password that is no token is refused: 08006, with DSQL's text"),
  ),
  connection(
    "token-rejected",
    "Any rejected token gets FATAL `unable to accept connection, access denied`; the reason is in the HINT only.",
    sources.skill,
    wire("start-up: a changed signature is refused"),
  ),
  connection(
    "token-sqlstate",
    "A rejected token's SQLSTATE is 08006, in two dated logs.",
    sources.skill,
    wire("start-up: a password that is no token is refused: 08006, with DSQL's text"),
  ),
  connection(
    "token-not-allowed",
    "Where IAM does not allow the action the HINT says `User: … is not authorized to perform: … on resource: …`; to a principal of another account `User: … is not authorized to access this resource`.",
    sources.skill,
    { testedBy: "packages/cluster/src/auth/token.test.ts" },
  ),
  connection("token-expired", "An expired token's HINT begins `Signature expired: `.", sources.skill, {
    testedBy: "packages/cluster/src/auth/token.test.ts",
  }),
  connection(
    "token-action",
    "A token made for the other action says `Wrong user to action mapping. user: …, action: …` in its HINT.",
    sources.skill,
    wire("start-up: another user with admin's token is refused, and the HINT says why"),
  ),
  connection(
    "token-at-connect-only",
    "A token counts while connecting only: an open connection outlives it.",
    sources.marc,
    { testedBy: "packages/cluster/test/sessions.test.ts" },
  ),
  connection(
    "startup-parameter-refused",
    'An unsupported start-up parameter ends the connection: FATAL 0A000 `setting configuration parameter "…" not supported`.',
    sources.pistachio,
    wire("start-up: a start-up parameter that may not be set is refused by name"),
  ),
  connection(
    "both-protocols",
    "The simple and the extended query protocol work, with prepared statements and portals of the protocol.",
    sources.skill,
    wire("extended: "),
  ),
  connection(
    "portal-row-limit",
    "A portal may be executed with a row limit and continued.",
    sources.orms,
    wire("extended: a portal with a row limit is suspended and goes on where it stopped"),
  ),
  connection(
    "message-too-long",
    "A message over 10 MiB ends the connection without any error (documented: 08P01 `invalid message length`).",
    sources.skill,
    wire("malformed: a message beyond 10 MiB ends the session before it is read"),
  ),
  connection(
    "waking-up",
    "A cluster that has slept for long answers FATAL `unable to accept connection, waking up cluster, please retry later`.",
    sources.skill,
    { unjudged: "A local cluster never sleeps." },
  ),
  connection(
    "sixty-minutes",
    "After 60 minutes the server closes a connection without an error.",
    sources.migrationToolkit,
    { testedBy: "packages/cluster/test/listener.test.ts" },
  ),
];

export const identityFacts: readonly Fact[] = [
  identity(
    "admin-role",
    "The built-in user is `admin`, who owns everything and is no superuser.",
    sources.marc,
  ),
  identity(
    "server-version",
    "`server_version` is 16.15, `server_version_num` 160015 (September 2026).",
    sources.emulator,
  ),
  identity(
    "version-function",
    "`version()` is `PostgreSQL 16`, without details of the build.",
    sources.emulator,
  ),
  identity(
    "current-names",
    "`current_database()` is `postgres`; `current_schema()` is `public`.",
    sources.emulator,
  ),
  identity("show-timezone", "`SHOW timezone` answers a column `TimeZone` with `UTC`.", sources.emulator),
  identity("show-client-encoding", "`SHOW client_encoding` is `UTF8`.", sources.emulator),
  identity("show-lc-collate", "`lc_collate` is not known: 42704.", sources.emulator),
  identity(
    "show-transaction-isolation",
    "`SHOW transaction_isolation` is `repeatable read`.",
    sources.emulator,
  ),
  identity(
    "show-any",
    "Every parameter of PostgreSQL may be read with SHOW and `current_setting()`.",
    sources.emulator,
  ),
  identity(
    "max-connections",
    "`SHOW max_connections` is 20, which says nothing about the quota.",
    sources.skill,
    {
      mark: "unsure",
    },
  ),
  identity(
    "settable",
    "SET, RESET and set_config() take a short list of parameters, and refuse every other by name.",
    sources.skill,
  ),
];
