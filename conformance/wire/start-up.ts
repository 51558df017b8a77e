/**
 * How a connection begins: encryption, names, tokens, parameters.
 *
 * Source: Aurora DSQL User Guide, "Accessing" and "Troubleshooting"; PostgreSQL 16 documentation, "Start-up" and "SSL
 * Session Encryption".
 */
import assert from "node:assert/strict";
import { errors } from "@dsql-local/spec";
import {
  askForEncryption,
  Connection,
  frontend,
  openSocket,
  openTransport,
  ServerError,
  Session,
  startTls,
  type Target,
} from "../client/index.ts";
import { closes, exchange, rowsOf, type WireCase, withSession } from "./wire-case.ts";

/** A case about TLS or tokens: nothing to see on a plain PostgreSQL. */
function secured(
  name: string,
  run: (target: Target, tls: NonNullable<Target["tls"]>) => Promise<void>,
): WireCase {
  return { name, run: (target) => (target.tls === undefined ? Promise.resolve() : run(target, target.tls)) };
}

async function refusal(login: Promise<Session>): Promise<ServerError> {
  try {
    (await login).connection.destroy();
  } catch (error) {
    if (error instanceof ServerError) return error;
    throw error;
  }
  throw new Error("the login should have been refused");
}

async function fatalOn(connection: Connection): Promise<Readonly<Record<string, string>>> {
  const message = await connection.next();
  assert.ok(message.type === "ErrorResponse", `expected an error, got ${message.type}`);
  await closes(connection);
  return message.fields;
}

export const startUpCases: readonly WireCase[] = [
  withSession("the parameters that drivers rely on are reported", (session) => {
    for (const name of [
      "client_encoding",
      "DateStyle",
      "integer_datetimes",
      "server_version",
      "standard_conforming_strings",
    ]) {
      assert.ok(session.parameters.has(name), `${name} is missing`);
    }
    assert.equal(session.parameters.get("TimeZone"), "UTC");
    assert.match(session.parameters.get("server_version") ?? "", /^16\./);
    assert.notEqual(session.processId, 0);
    return Promise.resolve();
  }),

  withSession("SET of a reported parameter is reported", async (session) => {
    const answers = await exchange(session, frontend.query("SET timezone = 'Europe/Berlin'"));
    const reported = answers.filter((message) => message.type === "ParameterStatus");
    assert.deepEqual(
      reported.map(({ name, value }) => [name, value]),
      [["TimeZone", "Europe/Berlin"]],
    );
  }),

  {
    name: "start-up parameters set the session",
    run: async (target) => {
      const parameters = { application_name: "conformance", options: "-c extra_float_digits=0" };
      const session = await Session.open(target, { parameters });
      assert.equal(session.parameters.get("application_name"), "conformance");
      assert.deepEqual(await rowsOf(session, "SHOW application_name"), ["conformance"]);
      assert.deepEqual(await rowsOf(session, "SHOW extra_float_digits"), ["0"]);
      await session.close();
    },
  },

  secured("a start-up parameter that may not be set is refused by name", async (target) => {
    const error = await refusal(Session.open(target, { parameters: { client_min_messages: "warning" } }));
    const fact = errors.settingNotSupported("client_min_messages");
    assert.deepEqual([error.fields["S"], error.sqlstate, error.text], ["FATAL", fact.sqlstate, fact.message]);
  }),

  secured("a plain connection is told that SSL is mandatory", async (target) => {
    const connection = new Connection(await openSocket(target));
    connection.send(frontend.startup({ user: target.user, database: target.database }));
    const fields = await fatalOn(connection);
    assert.deepEqual([fields["S"], fields["M"]], ["FATAL", errors.tlsMandatory.message]);
  }),

  secured("TLS without a server name is refused", async (target, { ca }) => {
    const socket = await openSocket(target);
    assert.equal(await askForEncryption(socket, frontend.sslRequest()), "S");
    const stream = await startTls(socket, ca === undefined ? {} : { ca });
    const connection = new Connection(stream);
    connection.send(frontend.startup({ user: target.user, database: target.database }));
    assert.equal((await fatalOn(connection))["M"], errors.sniMissing.message);
  }),

  secured("TLS may begin at once, with ALPN postgresql", async (target) => {
    const session = await Session.open(target, { negotiation: "direct" });
    assert.deepEqual(await rowsOf(session, "SELECT 1"), ["1"]);
    await session.close();
  }),

  secured(
    "GSS encryption is declined, and SSLRequest may follow on the same connection",
    async (target, tls) => {
      const socket = await openSocket(target);
      assert.equal(await askForEncryption(socket, frontend.gssEncryptionRequest()), "N");
      assert.equal(await askForEncryption(socket, frontend.sslRequest()), "S");
      (await startTls(socket, tls)).destroy();
    },
  ),

  secured("a password that is no token is refused: 08006, with DSQL's text", async (target) => {
    for (const password of ["", "secret", "x".repeat(5_000)]) {
      const error = await refusal(Session.open(target, { password }));
      assert.deepEqual(
        [error.fields["S"], error.sqlstate, error.text],
        ["FATAL", errors.accessDenied.sqlstate, errors.accessDenied.message],
      );
    }
  }),

  secured("a changed signature is refused", async (target) => {
    const token = await target.password(target.user);
    const changed = token.replace(/(?<=X-Amz-Signature=)./, (digit) => (digit === "0" ? "1" : "0"));
    assert.equal(
      (await refusal(Session.open(target, { password: changed }))).sqlstate,
      errors.accessDenied.sqlstate,
    );
  }),

  secured("another user with admin's token is refused, and the HINT says why", async (target) => {
    if (target.user !== "admin") return;
    const error = await refusal(
      Session.open(target, { user: "app", password: await target.password("admin") }),
    );
    assert.equal(error.sqlstate, errors.accessDenied.sqlstate);
    assert.equal(error.fields["H"], "Wrong user to action mapping. user: app, action: DbConnectAdmin");
  }),

  secured("another database than postgres is refused", async (target) => {
    const error = await refusal(Session.open(target, { database: "other" }));
    assert.equal(error.fields["S"], "FATAL");
  }),

  {
    name: "a protocol version of the future is refused or negotiated, not guessed",
    run: async (target) => {
      const connection = new Connection(await openTransport(target));
      connection.send(frontend.startup({ user: target.user, database: target.database }, 4 << 16));
      assert.equal((await fatalOn(connection))["S"], "FATAL");
    },
  },
];
