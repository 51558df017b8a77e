/** Comments on everything but roles, which have theirs with them. */
import { quoteLiteral } from "@dsql-local/sql";
import { type CatalogReader, isUsersRelation, isUsersSchema } from "./reader.ts";

export async function commentStatements(catalog: CatalogReader): Promise<string[]> {
  const found = await catalog.rows<{ target: string; text: string }>(commentsQuery);
  return found.map(({ target, text }) => `COMMENT ON ${target} IS ${quoteLiteral(text)}`);
}

const commentsQuery = `
  SELECT target, text FROM (
    SELECT CASE WHEN objsubid > 0 THEN 'COLUMN ' || c.oid::regclass || '.' || quote_ident(attname)
                ELSE CASE relkind WHEN 'v' THEN 'VIEW ' WHEN 'S' THEN 'SEQUENCE ' WHEN 'i' THEN 'INDEX ' ELSE 'TABLE ' END
                     || c.oid::regclass END AS target, description AS text, objoid, objsubid
    FROM pg_description JOIN pg_class c ON classoid = 'pg_class'::regclass AND c.oid = objoid
    LEFT JOIN pg_attribute ON attrelid = objoid AND attnum = objsubid
    WHERE ${isUsersRelation}
    UNION ALL
    SELECT 'SCHEMA ' || n.oid::regnamespace, description, objoid, 0
    FROM pg_description JOIN pg_namespace n ON classoid = 'pg_namespace'::regclass AND n.oid = objoid
    WHERE ${isUsersSchema} AND nspname <> 'public'
    UNION ALL
    SELECT 'FUNCTION ' || p.oid::regprocedure, description, objoid, 0
    FROM pg_description JOIN pg_proc p ON classoid = 'pg_proc'::regclass AND p.oid = objoid
    JOIN pg_namespace n ON n.oid = pronamespace WHERE ${isUsersSchema}
    UNION ALL
    SELECT 'DOMAIN ' || t.oid::regtype, description, objoid, 0
    FROM pg_description JOIN pg_type t ON classoid = 'pg_type'::regclass AND t.oid = objoid AND typtype = 'd'
    JOIN pg_namespace n ON n.oid = typnamespace WHERE ${isUsersSchema}
    UNION ALL
    SELECT 'CONSTRAINT ' || quote_ident(conname) || ' ON '
           || CASE WHEN conrelid = 0 THEN 'DOMAIN ' || contypid::regtype ELSE conrelid::regclass::text END, description, objoid, 0
    FROM pg_description JOIN pg_constraint k ON classoid = 'pg_constraint'::regclass AND k.oid = objoid
    JOIN pg_namespace n ON n.oid = connamespace WHERE ${isUsersSchema}
  ) AS found ORDER BY objoid, objsubid, target`;
