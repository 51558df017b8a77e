/**
 * What the service's catalogs say of a client's primary key and PostgreSQL's do not: its index includes every other column of the
 * table, in the table's order after those of the key.
 *
 * Kept in tables of the columns of PostgreSQL's own, by event triggers, in the transaction that changes a table: views over
 * subqueries made PostgreSQL look the columns up for each row that a tool's join compared (bench/introspection.bench.ts).
 *
 * Source: https://github.com/winebarrel/pistachio/pull/319, measured on a live cluster.
 * Tests: test/catalog.test.ts.
 */
import { firstClientOid } from "./roles.ts";

/** Rows for the tables whose oids are in the array `changed`. */
const rememberKeys = `
  DELETE FROM pg_dsql.included_attribute AS known USING pg_catalog.pg_index AS i
  WHERE i.indexrelid = known.attrelid AND i.indrelid = ANY (changed);
  DELETE FROM pg_dsql.primary_key AS known USING pg_catalog.pg_index AS i
  WHERE i.indexrelid = known.indexrelid AND i.indrelid = ANY (changed);
  FOR key IN
    SELECT i.indexrelid, i.indrelid, i.indnatts, i.indkey
    FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indrelid
    WHERE i.indrelid = ANY (changed) AND i.indisprimary AND i.indrelid >= ${firstClientOid} AND c.relpersistence <> 't'
  LOOP
    places := ARRAY(
      SELECT a.attnum FROM pg_catalog.pg_attribute AS a
      WHERE a.attrelid = key.indrelid AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attnum <> ALL (key.indkey::pg_catalog.int2[])
      ORDER BY a.attnum);
    -- An int2vector is written as its numbers between spaces.
    INSERT INTO pg_dsql.primary_key (indexrelid, indnatts, indkey)
    VALUES (key.indexrelid, key.indnatts + pg_catalog.cardinality(places),
      pg_catalog.concat_ws(' ', key.indkey::text, pg_catalog.array_to_string(places, ' '))::pg_catalog.int2vector);
    FOR place IN 1..pg_catalog.cardinality(places) LOOP
      SELECT * INTO one FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = key.indrelid AND a.attnum = places[place];
      one.attrelid := key.indexrelid;
      one.attnum := key.indnatts + place;
      one.attnotnull := false;
      one.atthasdef := false;
      one.attidentity := '';
      one.attgenerated := '';
      one.attcompression := '';
      one.attacl := NULL;
      INSERT INTO pg_dsql.included_attribute SELECT (one).*;
    END LOOP;
  END LOOP;`;

export const primaryKeys = `
CREATE TABLE pg_dsql.primary_key (indexrelid oid PRIMARY KEY, indnatts int2 NOT NULL, indkey int2vector NOT NULL);
CREATE TABLE pg_dsql.included_attribute (LIKE pg_catalog.pg_attribute);
CREATE UNIQUE INDEX included_attribute_by_place ON pg_dsql.included_attribute (attrelid, attnum);
GRANT SELECT ON pg_dsql.primary_key, pg_dsql.included_attribute TO PUBLIC;
CREATE FUNCTION pg_dsql.remember_keys() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  changed oid[];
  key record;
  places int2[];
  one pg_catalog.pg_attribute;
BEGIN
  SELECT array_agg(DISTINCT CASE WHEN i.indrelid IS NULL THEN d.objid ELSE i.indrelid END) INTO changed
  FROM pg_event_trigger_ddl_commands() AS d LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = d.objid
  WHERE d.classid = 'pg_class'::regclass AND d.objid >= ${firstClientOid} AND d.schema_name <> 'pg_temp'
    AND d.object_type IN ('table', 'table column', 'index');
  IF changed IS NULL THEN
    RETURN;
  END IF;${rememberKeys}
END
$$;
CREATE FUNCTION pg_dsql.forget_keys() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  gone oid[] := ARRAY(SELECT objid FROM pg_event_trigger_dropped_objects() WHERE classid = 'pg_class'::regclass);
BEGIN
  DELETE FROM pg_dsql.primary_key WHERE indexrelid = ANY (gone);
  DELETE FROM pg_dsql.included_attribute WHERE attrelid = ANY (gone);
END
$$;
CREATE EVENT TRIGGER dsql_remember_keys ON ddl_command_end EXECUTE FUNCTION pg_dsql.remember_keys();
CREATE EVENT TRIGGER dsql_forget_keys ON sql_drop EXECUTE FUNCTION pg_dsql.forget_keys()`;
