/** Who may do what with each object, what later objects come with, and who owns those that are not the administrator's. */
import { administratorUser } from "@dsql-local/spec";
import { type CatalogReader, isUsersRelation, isUsersSchema } from "./reader.ts";

/** Grants come before owners: once an object is another's, the administrator grants nothing on it. */
export async function privilegeStatements(catalog: CatalogReader): Promise<string[]> {
  return [
    ...(await revokedFromEveryone(catalog)),
    ...(await grants(catalog)),
    ...(await owners(catalog)),
    ...(await defaults(catalog)),
  ];
}

interface Grant {
  /** `TABLE shop.order`. */
  readonly target: string;
  readonly column: string | null;
  readonly grantee: string;
  readonly privilege: string;
  readonly is_grantable: boolean;
}

const objectsWithLists = `
  SELECT 1 AS place, oid, 0 AS part, 'SCHEMA' AS kind, 'SCHEMA ' AS said, oid::regnamespace::text AS name, NULL AS column, nspowner AS owner, nspacl AS acl
  FROM pg_namespace WHERE ${isUsersSchema} AND nspname <> 'public'
  UNION ALL
  SELECT 2, oid, 0, CASE relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END,
         CASE relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END, oid::regclass::text, NULL, relowner, relacl
  FROM pg_class c WHERE relkind IN ('r', 'v', 'S') AND ${isUsersRelation}
  UNION ALL
  SELECT 3, c.oid, attnum, 'COLUMN', 'TABLE ', c.oid::regclass::text, quote_ident(attname), relowner, attacl
  FROM pg_class c JOIN pg_attribute ON attrelid = c.oid
  WHERE relkind IN ('r', 'v') AND attnum > 0 AND NOT attisdropped AND ${isUsersRelation}
  UNION ALL
  SELECT 4, p.oid, 0, 'FUNCTION', 'FUNCTION ', p.oid::regprocedure::text, NULL, proowner, proacl
  FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE prokind = 'f' AND ${isUsersSchema}
  UNION ALL
  SELECT 5, t.oid, 0, 'DOMAIN', 'DOMAIN ', t.oid::regtype::text, NULL, typowner, typacl
  FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace WHERE typtype = 'd' AND ${isUsersSchema}`;

const granteeName = "CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END";

async function grants(catalog: CatalogReader): Promise<string[]> {
  const found = await catalog.rows<Grant>(
    `SELECT said || name AS target, "column", ${granteeName} AS grantee, privilege_type AS privilege, is_grantable
     FROM (${objectsWithLists}) AS object, aclexplode(acl) AS entry
     WHERE grantee <> owner ORDER BY place, oid, part, grantee, is_grantable, privilege`,
  );
  const merged = new Map<string, { grant: Grant; privileges: string[] }>();
  for (const grant of found) {
    const { target, column, grantee, is_grantable } = grant;
    const key = JSON.stringify([target, column, grantee, is_grantable]);
    const group = merged.get(key) ?? { grant, privileges: [] };
    group.privileges.push(column === null ? grant.privilege : `${grant.privilege} (${column})`);
    merged.set(key, group);
  }
  return [...merged.values()].map(
    ({ grant: { target, grantee, is_grantable }, privileges }) =>
      `GRANT ${privileges.join(", ")} ON ${target} TO ${grantee}${is_grantable ? " WITH GRANT OPTION" : ""}`,
  );
}

/** Functions and domains are everyone's to use, unless that was taken away. */
async function revokedFromEveryone(catalog: CatalogReader): Promise<string[]> {
  const found = await catalog.rows<{ target: string }>(
    `SELECT said || name AS target FROM (${objectsWithLists}) AS object
     WHERE place IN (4, 5) AND acl IS NOT NULL AND NOT EXISTS (SELECT FROM aclexplode(acl) WHERE grantee = 0)
     ORDER BY place, oid`,
  );
  return found.map(({ target }) => `REVOKE ALL ON ${target} FROM PUBLIC`);
}

interface Owned {
  readonly target: string;
  readonly owner: string;
  readonly is_member: boolean;
}

/** Only a member of the new owner may give an object away. */
async function owners(catalog: CatalogReader): Promise<string[]> {
  const found = await catalog.rows<Owned>(
    `SELECT kind || ' ' || name AS target, owner::regrole::text AS owner, EXISTS (
       SELECT FROM pg_auth_members JOIN pg_roles ON pg_roles.oid = member
       WHERE roleid = owner AND rolname = '${administratorUser}' AND set_option) AS is_member
     FROM (${objectsWithLists}) AS object
     WHERE kind <> 'COLUMN' AND owner <> '${administratorUser}'::regrole
       AND NOT (kind = 'SEQUENCE' AND EXISTS (
         SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = object.oid AND deptype IN ('i', 'a')))
     ORDER BY place DESC, oid`,
  );
  return found.flatMap(({ target, owner, is_member }) => {
    const alter = `ALTER ${target} OWNER TO ${owner}`;
    if (is_member) return [alter];
    return [`GRANT ${owner} TO ${administratorUser}`, alter, `REVOKE ${owner} FROM ${administratorUser}`];
  });
}

interface DefaultGrant extends Grant {
  readonly scope: string;
}

async function defaults(catalog: CatalogReader): Promise<string[]> {
  const kinds =
    "CASE defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES' ELSE 'SCHEMAS' END";
  const scope = `CASE WHEN defaclrole = '${administratorUser}'::regrole THEN '' ELSE ' FOR ROLE ' || defaclrole::regrole END
    || CASE defaclnamespace WHEN 0 THEN '' ELSE ' IN SCHEMA ' || defaclnamespace::regnamespace END`;
  const found = await catalog.rows<DefaultGrant>(
    `SELECT ${scope} AS scope, ${kinds} AS target, ${granteeName} AS grantee, privilege_type AS privilege, is_grantable
     FROM pg_default_acl, aclexplode(defaclacl) WHERE grantee <> defaclrole
     ORDER BY pg_default_acl.oid, grantee, privilege`,
  );
  const revoked = await catalog.rows<{ scope: string; target: string }>(
    `SELECT ${scope} AS scope, ${kinds} AS target FROM pg_default_acl
     WHERE defaclnamespace = 0 AND defaclobjtype IN ('f', 'T') AND NOT EXISTS (SELECT FROM aclexplode(defaclacl) WHERE grantee = 0)
     ORDER BY oid`,
  );
  return [
    ...revoked.map(
      (entry) => `ALTER DEFAULT PRIVILEGES${entry.scope} REVOKE ALL ON ${entry.target} FROM PUBLIC`,
    ),
    ...found.map(
      (entry) =>
        `ALTER DEFAULT PRIVILEGES${entry.scope} GRANT ${entry.privilege} ON ${entry.target} TO ${entry.grantee}` +
        (entry.is_grantable ? " WITH GRANT OPTION" : ""),
    ),
  ];
}
