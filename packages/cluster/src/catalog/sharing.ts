/**
 * Which statements mean the same to every session, so that what a backend keeps of their text may serve all of a role.
 *
 * A kept text holds the constants that PostgreSQL made when it parsed it, and a kept plan what it made of functions that are
 * declared immutable or whose body it has put in their place. So a text is shared when all that it is made of is known to be
 * lasting: its constants (`sql/constants.ts`), its functions, PostgreSQL's own, and its relations, if nothing in their views,
 * defaults and checks calls a function of a client's. What is not known to be so, is not shared.
 *
 * Tests: test/session-state.test.ts.
 */
import type { Statement } from "../sql/index.ts";
import type { Requester } from "../backend/index.ts";

export interface SharingFacts {
  /** Names of functions that are the cluster's alone. */
  readonly functions: ReadonlySet<string>;
  /** Names of relations through which a function of a client's may be called, in whatever schema. */
  readonly relations: ReadonlySet<string>;
  /** Names of the clients' own types. */
  readonly types: ReadonlySet<string>;
  /** There are sequences, be it of identity columns. */
  readonly hasSequences: boolean;
  /** Names of relations that may take a value of one, and of those through which a function of a client's may be called. */
  readonly advancing: ReadonlySet<string>;
}

/** Where it says no, the statement neither advances a sequence nor asks for its value. */
export function mayUseSequences(statement: Statement, facts: SharingFacts | undefined): boolean {
  if (statement.kind !== "read" && statement.kind !== "write") return false;
  if (facts === undefined) return true;
  if (!facts.hasSequences) return false;
  const { functions, relations } = statement.analysis;
  return (
    functions.some((name) => sequenceFunctions.has(name) || !isBuiltIn(name, facts)) ||
    relations.some(({ name }) => facts.advancing.has(name)) ||
    [...facts.types].some(
      (type) => facts.advancing.has(type) && statement.text.toLowerCase().includes(type.toLowerCase()),
    )
  );
}

const sequenceFunctions = new Set(["nextval", "setval", "currval", "lastval", "original_currval"]);

const isBuiltIn = (name: string, { functions }: SharingFacts): boolean =>
  functions.has(name) || withoutParentheses.has(name);

export function isShareable(statement: Statement, facts: SharingFacts): boolean {
  const { relations, types } = facts;
  if (statement.kind !== "read" && statement.kind !== "write") return false;
  const { analysis } = statement;
  if (analysis.command === "explain" || analysis.command === "copyIn" || analysis.command === "copyOut")
    return false;
  return (
    analysis.functions.every((name) => isBuiltIn(name, facts)) &&
    !analysis.relations.some(({ name }) => relations.has(name)) &&
    analysis.constants.areLasting &&
    !analysis.constants.types.some((type) => types.has(type))
  );
}

/** What the grammar has words for. */
const withoutParentheses = new Set([
  ...["current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"],
  ...["current_role", "current_user", "user", "session_user", "current_catalog", "current_schema"],
]);

export async function askSharingFacts(system: Requester): Promise<SharingFacts> {
  const { rows } = await system.request(query);
  const of = (kind: string): Set<string> =>
    new Set(rows.filter(([first]) => first === kind).map(([, name]) => name ?? ""));
  const functions = of("built in");
  for (const name of of("own")) functions.delete(name);
  const relations = of("relation");
  const advancing = new Set([...relations, ...of("advancing")]);
  return { functions, relations, types: of("type"), hasSequences: of("sequence").size > 0, advancing };
}

const firstClientOid = 16_384;
const owned = `oid >= ${firstClientOid}`;

const klass = (name: string): string => `'pg_catalog.${name}'::pg_catalog.regclass`;

/**
 * What is reached from the first objects: a view, a column's default or generated value, a check, an index, a domain; a view
 * over such a relation, a relation with such a domain, and so on.
 */
const reach = (name: string, first: string): string => `
${name} (classid, objid) AS (
  ${first}
  UNION
  SELECT d.classid, d.objid
  FROM ${name} AS c
  CROSS JOIN LATERAL (
    SELECT ${klass("pg_class")} AS classid, r.ev_class AS objid FROM pg_catalog.pg_rewrite AS r
    WHERE c.classid = ${klass("pg_rewrite")} AND r.oid = c.objid
    UNION ALL
    SELECT ${klass("pg_class")}, a.adrelid FROM pg_catalog.pg_attrdef AS a
    WHERE c.classid = ${klass("pg_attrdef")} AND a.oid = c.objid
    UNION ALL
    SELECT CASE k.conrelid WHEN 0 THEN ${klass("pg_type")} ELSE ${klass("pg_class")} END,
      CASE k.conrelid WHEN 0 THEN k.contypid ELSE k.conrelid END
    FROM pg_catalog.pg_constraint AS k
    WHERE c.classid = ${klass("pg_constraint")} AND k.oid = c.objid
    UNION ALL
    SELECT ${klass("pg_class")}, i.indrelid FROM pg_catalog.pg_index AS i
    WHERE c.classid = ${klass("pg_class")} AND i.indexrelid = c.objid
    UNION ALL
    SELECT d.classid, d.objid FROM pg_catalog.pg_depend AS d
    WHERE d.refclassid = c.classid AND d.refobjid = c.objid AND d.objid >= ${firstClientOid}::pg_catalog.oid
  ) AS d
)`;

const ownCallers = `
  SELECT d.classid, d.objid FROM pg_catalog.pg_depend AS d
  WHERE d.refclassid = ${klass("pg_proc")} AND d.refobjid >= ${firstClientOid}::pg_catalog.oid`;

/** An expression, as PostgreSQL stores it, that calls nextval() or setval(). Source: src/include/catalog/pg_proc.dat. */
const advances = (tree: string): string => `${tree}::text ~ ':funcid (1574|1576|1765) |NEXTVALUEEXPR'`;

const advancers = `${ownCallers}
  UNION SELECT ${klass("pg_class")}, a.attrelid FROM pg_catalog.pg_attribute AS a WHERE a.attidentity <> ''
  UNION SELECT ${klass("pg_attrdef")}, a.oid FROM pg_catalog.pg_attrdef AS a WHERE ${advances("a.adbin")}
  UNION SELECT ${klass("pg_constraint")}, k.oid FROM pg_catalog.pg_constraint AS k WHERE ${advances("k.conbin")}
  UNION SELECT ${klass("pg_type")}, t.oid FROM pg_catalog.pg_type AS t WHERE ${advances("t.typdefaultbin")}
  UNION SELECT ${klass("pg_rewrite")}, r.oid FROM pg_catalog.pg_rewrite AS r
  WHERE r.oid >= ${firstClientOid}::pg_catalog.oid AND ${advances("r.ev_action")}`;

const namesIn = (name: string, kind: string): string => `
SELECT '${kind}', r.relname::text FROM ${name} AS c JOIN pg_catalog.pg_class AS r ON r.oid = c.objid
WHERE c.classid = ${klass("pg_class")}`;

const query = `
WITH RECURSIVE ${reach("caller", ownCallers)}, ${reach("advancer", advancers)}
${namesIn("caller", "relation")}
UNION ${namesIn("advancer", "advancing")}
UNION SELECT 'advancing', t.typname::text FROM advancer AS c JOIN pg_catalog.pg_type AS t ON t.oid = c.objid
WHERE c.classid = ${klass("pg_type")}
UNION SELECT 'sequence', relname::text FROM pg_catalog.pg_class WHERE relkind = 'S'
UNION SELECT 'own', pg_catalog.lower(proname::text) FROM pg_catalog.pg_proc WHERE ${owned}
UNION SELECT 'type', typname::text FROM pg_catalog.pg_type WHERE ${owned}
UNION SELECT 'built in', proname::text FROM pg_catalog.pg_proc WHERE NOT (${owned})`;
