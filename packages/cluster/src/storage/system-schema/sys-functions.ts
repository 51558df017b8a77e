/** Schema `sys`: the functions that the service offers besides PostgreSQL's. */
import { identity } from "@dsql-local/spec";
import { replaceFunction } from "./replace-function.ts";

const alphabet = "abcdefghijklmnopqrstuvwxyz234567";

// A UUID's 128 bits are read as 26 groups of 5, the last filled up with zeros. Two zero bytes after them make the
// hexadecimal text long enough for that. Source: RFC 4648, section 6.
const base32 = `
CREATE FUNCTION sys.uuid_to_base32_str(uuid) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (
  SELECT string_agg(substr('${alphabet}', 1 + substring(bits FROM 1 + 5 * place FOR 5)::bit(5)::int, 1), '' ORDER BY place)
  FROM (SELECT ('x' || replace($1::text, '-', '') || '0000')::bit(144) AS bits) AS hexadecimal, generate_series(0, 25) AS place
);
CREATE FUNCTION sys.base32_str_to_uuid(text) RETURNS uuid LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  bits bit varying := B'';
BEGIN
  -- The last character carries 3 bits, so its other 2 are zero.
  IF $1 !~ '^[a-z2-7]{25}[aeimquy4]$' THEN
    RAISE EXCEPTION USING ERRCODE = '22P02', MESSAGE = 'Unable to convert text to UUID';
  END IF;
  FOR place IN 1..26 LOOP
    bits := bits || (strpos('${alphabet}', substr($1, place, 1)) - 1)::bit(5);
  END LOOP;
  RETURN (SELECT string_agg(to_hex(substring(bits FROM 1 + 4 * place FOR 4)::bit(4)::int), '' ORDER BY place)
          FROM generate_series(0, 31) AS place)::uuid;
END
$$`;

const tebibyte = 1024 ** 4;

// The service names no build.
const version = identity.serverVersion;
const versionNumber = identity.serverVersionNum;

const identitySetting = `
CREATE FUNCTION pg_dsql.identity_setting(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE lower($1) WHEN 'server_version' THEN '${version}' WHEN 'server_version_num' THEN '${versionNumber}'
  WHEN 'max_connections' THEN '${identity.maxConnections}' END`;

const setting = "COALESCE(pg_dsql.identity_setting($1), $original)";

const settings = [
  { takes: "text", symbol: "show_config_by_name" },
  { takes: "text, boolean", symbol: "show_config_by_name_missing_ok" },
]
  .map((each) => replaceFunction({ name: "current_setting", gives: "text", instead: setting, ...each }))
  .map((each) => each.trim())
  .join(";\n");

const facts = `
CREATE OR REPLACE FUNCTION pg_catalog.version() RETURNS text LANGUAGE sql STABLE STRICT PARALLEL SAFE RETURN 'PostgreSQL 16'::text;
CREATE FUNCTION sys.dsql_major_version() RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 1;
CREATE FUNCTION sys.cluster_size() RETURNS bigint LANGUAGE sql VOLATILE RETURN pg_database_size(current_database());
CREATE FUNCTION sys.cluster_size_limit() RETURNS bigint LANGUAGE sql STABLE RETURN ${10 * tebibyte}::bigint;
CREATE FUNCTION sys.supported_datatypes() RETURNS TABLE (name text, supported_in_pushdown boolean) LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT format_type(t.oid, NULL), true
  FROM pg_type AS t
  WHERE t.typnamespace = 'pg_catalog'::regnamespace AND t.typname IN (
    'int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'bpchar', 'varchar', 'text', 'date', 'time', 'timetz',
    'timestamp', 'timestamptz', 'interval', 'bool', 'bytea', 'uuid', 'json', 'jsonb')
  ORDER BY 1;
END`;

export const sysFunctions = `
CREATE SCHEMA sys;
GRANT USAGE ON SCHEMA sys TO PUBLIC;
${base32.trim()};
${identitySetting.trim()};
${settings};
${facts.trim()}`;
