/**
 * What PostgreSQL's functions over the catalogs say where the service says otherwise: definitions of indexes and primary
 * keys, and the name of the role that owns what the superuser owns.
 *
 * Source: https://github.com/winebarrel/pistachio/pull/319, measured on a live cluster.
 */
import { replaceFunction } from "./replace-function.ts";
import { firstClientOid, superuser, superuserOid, systemRole } from "./roles.ts";

/**
 * In PL/pgSQL, which keeps plans for the session: pg_indexes is six times as fast as with SQL functions. A client's search path
 * is in force, so names are written out.
 */
const includedColumns = `
CREATE FUNCTION pg_dsql.columns_beside_key(index oid) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
    SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum)
    FROM pg_catalog.pg_index AS i
    JOIN pg_catalog.pg_attribute AS a
      ON a.attrelid = i.indrelid AND a.attnum > 0 AND NOT a.attisdropped AND a.attnum <> ALL (i.indkey::pg_catalog.int2[])
    WHERE i.indexrelid = index AND i.indisprimary);
END
$$`;

const definitions = `
CREATE FUNCTION pg_dsql.with_every_column(definition text, index oid) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  others text;
BEGIN
  IF index < ${firstClientOid} THEN
    RETURN definition;
  END IF;
  others := pg_dsql.columns_beside_key(index);
  IF others IS NULL THEN
    RETURN definition;
  ELSIF (SELECT i.indnatts > i.indnkeyatts FROM pg_catalog.pg_index AS i WHERE i.indexrelid = index) THEN
    RETURN pg_catalog.left(definition, -1) || ', ' || others || ')';
  END IF;
  RETURN definition || ' INCLUDE (' || others || ')';
END
$$;
CREATE FUNCTION pg_dsql.index_definition(definition text, index oid) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  method int := pg_catalog.strpos(definition, ' USING btree (');
BEGIN
  IF method > 0 THEN
    definition := pg_catalog.overlay(definition, ' USING btree_index (', method, 14);
  END IF;
  RETURN pg_dsql.with_every_column(definition, index);
END
$$;
CREATE FUNCTION pg_dsql.index_column(index oid, place int, definition text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  stored int := (SELECT i.indnatts FROM pg_catalog.pg_index AS i WHERE i.indexrelid = index);
BEGIN
  IF place = 0 THEN
    RETURN pg_dsql.index_definition(definition, index);
  ELSIF place <= stored OR index < ${firstClientOid} THEN
    RETURN definition;
  END IF;
  RETURN COALESCE(
    (SELECT pg_catalog.quote_ident(a.attname)
     FROM pg_catalog.pg_index AS i
     JOIN pg_catalog.pg_attribute AS a
       ON a.attrelid = i.indrelid AND a.attnum > 0 AND NOT a.attisdropped AND a.attnum <> ALL (i.indkey::pg_catalog.int2[])
     WHERE i.indexrelid = index AND i.indisprimary
     ORDER BY a.attnum OFFSET place - stored - 1 LIMIT 1),
    definition);
END
$$;
CREATE FUNCTION pg_dsql.constraint_definition("constraint" oid, definition text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  index oid := (SELECT conindid FROM pg_catalog.pg_constraint AS c WHERE c.oid = "constraint" AND c.contype = 'p');
BEGIN
  RETURN CASE WHEN index IS NULL THEN definition ELSE pg_dsql.with_every_column(definition, index) END;
END
$$`;

const shownNames = `
CREATE FUNCTION pg_dsql.plain_names(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN regexp_replace($1, 'pg_dsql(_rows|_catalog)?\\.', '', 'g');
CREATE FUNCTION pg_dsql.is_cluster() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE RETURN session_user IN ('${superuser}', '${systemRole}');
CREATE FUNCTION pg_dsql.shown_acl(aclitem[]) RETURNS aclitem[] LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN CASE strpos($1::text, '${superuser}') WHEN 0 THEN $1 ELSE COALESCE(
  (SELECT array_agg(replace(item::text, '/${superuser}', '/admin')::aclitem)
   FROM unnest($1) AS item WHERE item::text NOT LIKE '${superuser}=%' AND item::text NOT LIKE '${systemRole}=%'),
  (SELECT array_agg(replace(item::text, '${superuser}', 'admin')::aclitem)
   FROM unnest($1) AS item WHERE item::text NOT LIKE '${systemRole}=%')) END`;

/** The system's own views stand on the views that clients see; who asks for a definition reads PostgreSQL's names. */
const plainNames = "pg_dsql.plain_names($original)";

const replaced = [
  { name: "pg_get_viewdef", takes: "oid", instead: plainNames },
  { name: "pg_get_viewdef", takes: "oid, boolean", symbol: "pg_get_viewdef_ext", instead: plainNames },
  {
    name: "pg_get_viewdef",
    takes: "oid, integer",
    symbol: "pg_get_viewdef_wrap",
    instead: plainNames,
  },
  { name: "pg_get_viewdef", takes: "text", symbol: "pg_get_viewdef_name", instead: plainNames },
  {
    name: "pg_get_viewdef",
    takes: "text, boolean",
    symbol: "pg_get_viewdef_name_ext",
    instead: plainNames,
  },
  { name: "pg_get_ruledef", takes: "oid", instead: plainNames },
  { name: "pg_get_ruledef", takes: "oid, boolean", symbol: "pg_get_ruledef_ext", instead: plainNames },
  { name: "pg_get_indexdef", takes: "oid", instead: "pg_dsql.index_definition($original, $1)" },
  {
    name: "pg_get_indexdef",
    takes: "oid, integer, boolean",
    symbol: "pg_get_indexdef_ext",
    instead: "pg_dsql.index_column($1, $2, $original)",
  },
  { name: "pg_get_constraintdef", takes: "oid", instead: "pg_dsql.constraint_definition($1, $original)" },
  {
    name: "pg_get_constraintdef",
    takes: "oid, boolean",
    symbol: "pg_get_constraintdef_ext",
    instead: "pg_dsql.constraint_definition($1, $original)",
  },
  {
    name: "pg_get_userbyid",
    takes: "oid",
    gives: "name",
    instead: `CASE $1 WHEN ${superuserOid} THEN 'admin'::name ELSE $original END`,
  },
];

/**
 * PL/pgSQL looks its functions up as whoever runs it, so every role has to reach them. It cannot by itself: in a client's
 * statement the schema's name is unknown.
 */
const reachable = "GRANT USAGE ON SCHEMA pg_dsql TO PUBLIC";

export const catalogFunctions = [
  reachable,
  includedColumns,
  definitions,
  shownNames,
  ...replaced.map((each) => replaceFunction({ symbol: each.name, gives: "text", ...each })),
]
  .map((each) => each.trim())
  .join(";\n");
