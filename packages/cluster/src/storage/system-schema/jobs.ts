/**
 * Asynchronous jobs: the cluster writes the table, clients read the view.
 *
 * `sys.wait_for_job` exists for what PostgreSQL says of it, such as that it is a procedure. The session answers a CALL
 * itself; one that reaches PostgreSQL came inside a transaction block, where the service refuses it.
 */
export const jobs = `
CREATE TABLE pg_dsql.job (
  job_id uuid PRIMARY KEY,
  status text NOT NULL CHECK (status IN ('submitted', 'processing', 'completed', 'failed')),
  details text,
  job_type text NOT NULL,
  class_id oid,
  object_id oid,
  object_name text,
  statement text,
  -- What the cluster needs to take the job up again: ["schema", "table", "index"].
  definition jsonb,
  role_oid oid,
  start_time timestamptz,
  update_time timestamptz
);
CREATE INDEX job_by_object ON pg_dsql.job (object_id);
CREATE VIEW sys.jobs AS
  SELECT sys.uuid_to_base32_str(job_id) AS job_id, status, details, job_type, class_id, object_id,
         CASE WHEN status <> 'completed' THEN object_name END AS object_name, start_time, update_time
  FROM pg_dsql.job;
GRANT SELECT ON sys.jobs TO PUBLIC;
CREATE PROCEDURE sys.wait_for_job(text) LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = '25001', MESSAGE = 'sys.wait_for_job cannot run inside a transaction block';
END
$$`;
