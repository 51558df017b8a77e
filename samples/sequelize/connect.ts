/** Sequelize on Aurora DSQL: a token for each new connection, verified TLS, and no settings that DSQL refuses. */
import process from "node:process";
import { DsqlSigner } from "@aws-sdk/dsql-signer";
import { type Options, Sequelize } from "sequelize";

/** The service ends a connection after 60 minutes; Sequelize's pool has no such bound of its own. */
const lifetimeMsMax = 55 * 60 * 1_000;
const openedAtMs = new WeakMap<object, number>();

/** Asked before the pool hands out a connection. The two fields are those that Sequelize's own check reads. */
function isUsable(connection: object & { _invalid?: boolean; _ending?: boolean } = {}): boolean {
  const ageMs = performance.now() - (openedAtMs.get(connection) ?? 0);
  return connection._invalid !== true && connection._ending !== true && ageMs < lifetimeMsMax;
}

/** @param options - of Sequelize, instead of ours */
export function openSequelize(options: Options = {}): Sequelize {
  const hostname = variable("CLUSTER_ENDPOINT");
  const user = variable("CLUSTER_USER");
  const signer = new DsqlSigner({ hostname, region: variable("REGION") });
  return new Sequelize({
    dialect: "postgres",
    host: hostname,
    port: 5432,
    database: "postgres",
    username: user,
    dialectOptions: {
      ssl: { rejectUnauthorized: true },
      // Otherwise Sequelize sets client_min_messages, and DSQL refuses the connection's first query.
      clientMinMessages: "ignore",
      // The admin's tables are in `public`; every other role works in a schema of its own.
      options: `-c search_path=${user === "admin" ? "public" : "myschema"}`,
    },
    hooks: {
      // Called for each new connection: a token lives 15 minutes, and the service looks at it only while connecting.
      beforeConnect: async (config) => {
        config.password =
          user === "admin" ? await signer.getDbConnectAdminAuthToken() : await signer.getDbConnectAuthToken();
      },
      afterConnect: (connection) => void openedAtMs.set(connection as object, performance.now()),
    },
    pool: { min: 0, max: 10, idle: 600_000, validate: isUsable },
    logging: false,
    ...options,
  });
}

function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set. For the local cluster: eval "$(npx dsql env)"`);
  return value;
}
