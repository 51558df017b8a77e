/**
 * Settings that a driver sends when it connects: `new Pool({ statement_timeout: 5_000 })`, `options: "-c lock_timeout=5s"`,
 * `postgres({ connection: { … } })`. Each is read as the SET statement that it amounts to, so that the rules for SET judge it.
 *
 * Tests: client-options.test.ts.
 */
import { quoteLiteral } from "@dsql-local/sql";
import { lastName, type Node, nodeField, nodesField } from "./program.ts";
import type { SqlSource } from "./source.ts";

/** What makes connections: `Pool`, `pg.Client`, `AuroraDSQLPool`, `createPool()`, `postgres()`, `drizzle({ connection })`. */
const makers = /(?:Pool|Client)$|^(?:createPool|createClient|postgres|drizzle)$/;

/** Of node-postgres: what it hands to the server as it is. Its own `query_timeout` stays with the client. */
const settingsOfDriver = new Set([
  "statement_timeout",
  "lock_timeout",
  "idle_in_transaction_session_timeout",
]);

/** Those that take settings as an object, `connection`. */
const takesSettings = /^(?:postgres|drizzle)$/;

/** `-c name=value` and `--name=value`, as PostgreSQL's `options` has them. */
const optionPattern = /(?:^|\s)(?:-c\s*|--)([a-z_][\w.-]*)=((?:\\.|[^\s\\])*)/gi;

/**
 * @param resolve - what is behind a name, a cast or parentheses
 * @returns a source for each setting in the arguments of what makes connections
 */
export function clientOptionSources(
  call: Node,
  resolve: (node: Node | undefined) => Node | undefined,
): readonly SqlSource[] {
  const maker = lastName(nodeField(call, "callee"));
  if (!makers.test(maker)) return [];
  const within = { resolve, isOfServer: false, takesSettings: takesSettings.test(maker) };
  return nodesField(call, "arguments").flatMap((argument) => {
    const options = resolve(argument);
    return options?.type === "ObjectExpression" ? settingsIn(options, within) : [];
  });
}

interface Within {
  readonly resolve: (node: Node | undefined) => Node | undefined;
  /** Its `connection` is an object of settings. */
  readonly takesSettings: boolean;
  /** Every property is a setting of the server's. */
  readonly isOfServer: boolean;
}

function settingsIn(object: Node, within: Within): SqlSource[] {
  return nodesField(object, "properties").flatMap((property) => {
    const name = keyOf(property);
    const given = nodeField(property, "value");
    const value = within.resolve(given) ?? given;
    if (name === undefined || value === undefined) return [];
    if (settingsOfDriver.has(name)) return isOff(value) ? [] : [asSet(property, name, "0")];
    if (within.isOfServer) return [asSet(property, name, textOf(value) ?? "0")];
    if (name === "options") return settingsInText(property, textOf(value) ?? "");
    if (within.takesSettings && name === "connection" && value.type === "ObjectExpression")
      // A pool's own options may stand one deeper: `drizzle({ connection: { statement_timeout } })`.
      return settingsIn(value, { ...within, isOfServer: !hasAddress(value) });
    return [];
  });
}

/** An object with these says where to connect, and not only how. */
function hasAddress(object: Node): boolean {
  return nodesField(object, "properties").some((property) =>
    /^(host|connectionString|user|database|password|ssl)$/.test(keyOf(property) ?? ""),
  );
}

function settingsInText(property: Node, options: string): SqlSource[] {
  return (
    [...options.matchAll(optionPattern)]
      .map(([, name = "", value = ""]) => ({ name: name.replaceAll("-", "_"), value }))
      // Which cluster is meant: the service's own, where no server name tells it.
      .filter(({ name }) => name !== "amzn_cluster_id")
      .map(({ name, value }) => asSet(property, name, value))
  );
}

function keyOf(property: Node): string | undefined {
  const key = nodeField(property, "key");
  const name = key?.["name"] ?? key?.["value"];
  return property["computed"] === true || typeof name !== "string" ? undefined : name;
}

function textOf(value: Node): string | undefined {
  const text = value["value"];
  return typeof text === "string" || typeof text === "number" || typeof text === "boolean"
    ? String(text)
    : undefined;
}

/** node-postgres sends none of these, or sends that there is none. */
function isOff(value: Node): boolean {
  return value["value"] === false || value.type === "NullLiteral" || value["name"] === "undefined";
}

function asSet(property: Node, name: string, value: string): SqlSource {
  const text = `SET ${name} = ${quoteLiteral(value)}`;
  return {
    text,
    holes: [],
    // The whole option stands for the statement.
    fileOffset: (offset) => (offset === 0 ? property.start : property.end),
    written: () => undefined,
    separator: undefined,
    isSurelySql: false,
    transactionGroup: `option ${property.start} ${name}`,
    sequence: `option ${property.start} ${name}`,
    anchor: property.start,
  };
}
