import { systemRole } from "./roles.ts";

/**
 * Asynchronous jobs: the cluster writes the table, clients read the view.
 *
 * Two kinds of job PostgreSQL does by itself: its background worker analyzes tables that have changed, which the view
 * reads off its statistics, and a COMMIT frees the space of what was dropped, which an event trigger records.
 *
 * `sys.wait_for_job` exists for what PostgreSQL says of it, such as that it is a procedure. The session answers a CALL
 * itself; one that reaches PostgreSQL has an expression as its argument.
 */
export const jobs = `
CREATE TABLE pg_dsql.job (
  job_id uuid PRIMARY KEY,
  status text NOT NULL CHECK (status IN ('submitted', 'processing', 'completed', 'failed', 'cancelled')),
  details text,
  job_type text NOT NULL,
  class_id oid,
  object_id oid,
  object_name text,
  statement text,
  -- What the cluster needs to take the job up again: ["schema", "table", "index or constraint"].
  definition jsonb,
  role_oid oid,
  start_time timestamptz,
  update_time timestamptz
);
GRANT SELECT, INSERT, UPDATE, DELETE ON pg_dsql.job TO ${systemRole};
CREATE INDEX job_by_object ON pg_dsql.job (object_id);
CREATE VIEW sys.jobs AS
  SELECT sys.uuid_to_base32_str(job_id) AS job_id, status, details, job_type, class_id, object_id,
         CASE WHEN status <> 'completed' THEN object_name END AS object_name, start_time, update_time
  FROM pg_dsql.job
  UNION ALL
  SELECT sys.uuid_to_base32_str(md5(s.relid || '@' || s.last_autoanalyze)::uuid), 'completed', NULL, 'ANALYZE',
         'pg_class'::regclass::oid, s.relid, NULL, s.last_autoanalyze, s.last_autoanalyze
  FROM pg_stat_user_tables AS s
  WHERE s.last_autoanalyze > now() - interval '30 minutes' AND s.schemaname !~ '^pg_';
GRANT SELECT ON sys.jobs TO PUBLIC;
CREATE PROCEDURE sys.wait_for_job(text) LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = '0A000',
    MESSAGE = 'the argument of sys.wait_for_job must be a constant or a parameter';
END
$$;
CREATE FUNCTION pg_dsql.record_drop() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- A build that begins anew drops the invalid index of its last attempt.
  IF session_user = '${systemRole}' OR current_setting('dsql.in_job', true) = 'on' THEN
    RETURN;
  END IF;
  INSERT INTO pg_dsql.job (job_id, status, job_type, class_id, object_id, object_name, start_time, update_time)
  SELECT gen_random_uuid(), 'completed', 'DROP', 'pg_class'::regclass, objid, object_identity, now(), now()
  FROM pg_event_trigger_dropped_objects()
  WHERE object_type IN ('table', 'index') AND NOT is_temporary AND schema_name !~ '^pg_';
END
$$;
CREATE EVENT TRIGGER dsql_record_drop ON sql_drop EXECUTE FUNCTION pg_dsql.record_drop()`;
