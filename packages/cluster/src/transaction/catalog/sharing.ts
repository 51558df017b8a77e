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
import type { Statement } from "../../sql/index.ts";
import type { Requester } from "../backend/request.ts";

export interface SharingFacts {
  /** Names of functions that are the cluster's alone. */
  readonly functions: ReadonlySet<string>;
  /** Names of relations through which a function of a client's may be called, in whatever schema. */
  readonly relations: ReadonlySet<string>;
  /** Names of the clients' own types. */
  readonly types: ReadonlySet<string>;
}

export function isShareable(statement: Statement, { functions, relations, types }: SharingFacts): boolean {
  if (statement.kind !== "read" && statement.kind !== "write") return false;
  const { analysis } = statement;
  if (analysis.command === "explain" || analysis.command === "copyIn" || analysis.command === "copyOut")
    return false;
  return (
    analysis.functions.every((name) => functions.has(name) || withoutParentheses.has(name)) &&
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
  return { functions, relations: of("relation"), types: of("type") };
}

const firstClientOid = 16_384;
const owned = `oid >= ${firstClientOid}`;

// A function may be reached by a view, a column's default or generated value, a check, an index or a domain; and by a view over
// such a relation, or a relation with such a domain.
const query = `
WITH RECURSIVE caller (classid, objid) AS (
  SELECT d.classid, d.objid FROM pg_catalog.pg_depend AS d
  WHERE d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.refobjid >= ${firstClientOid}::pg_catalog.oid
  UNION
  SELECT d.classid, d.objid
  FROM caller AS c
  CROSS JOIN LATERAL (
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass AS classid, r.ev_class AS objid FROM pg_catalog.pg_rewrite AS r
    WHERE c.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND r.oid = c.objid
    UNION ALL
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, a.adrelid FROM pg_catalog.pg_attrdef AS a
    WHERE c.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND a.oid = c.objid
    UNION ALL
    SELECT CASE k.conrelid WHEN 0 THEN 'pg_catalog.pg_type'::pg_catalog.regclass ELSE 'pg_catalog.pg_class'::pg_catalog.regclass END,
      CASE k.conrelid WHEN 0 THEN k.contypid ELSE k.conrelid END
    FROM pg_catalog.pg_constraint AS k
    WHERE c.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.oid = c.objid
    UNION ALL
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, i.indrelid FROM pg_catalog.pg_index AS i
    WHERE c.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND i.indexrelid = c.objid
    UNION ALL
    SELECT d.classid, d.objid FROM pg_catalog.pg_depend AS d
    WHERE d.refclassid = c.classid AND d.refobjid = c.objid AND d.objid >= ${firstClientOid}::pg_catalog.oid
  ) AS d
)
SELECT 'relation', r.relname::text FROM caller AS c JOIN pg_catalog.pg_class AS r ON r.oid = c.objid
WHERE c.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
UNION SELECT 'own', pg_catalog.lower(proname::text) FROM pg_catalog.pg_proc WHERE ${owned}
UNION SELECT 'type', typname::text FROM pg_catalog.pg_type WHERE ${owned}
UNION SELECT 'built in', proname::text FROM pg_catalog.pg_proc WHERE NOT (${owned})`;
