/** What tools ask of the catalogs when they look at a database: the joins that each is known for, in our own words. */
export const introspectionQuestions: Readonly<Record<string, string>> = {
  "psql: all tables with owner": `
    SELECT n.nspname, c.relname, CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' END, pg_get_userbyid(c.relowner)
    FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', '') AND n.nspname <> 'pg_catalog' AND n.nspname !~ '^pg_toast'
      AND n.nspname <> 'information_schema' AND pg_table_is_visible(c.oid)
    ORDER BY 1, 2`,
  "psql: columns of one table": `
    SELECT a.attname, format_type(a.atttypid, a.atttypmod),
      (SELECT pg_get_expr(d.adbin, d.adrelid, true) FROM pg_catalog.pg_attrdef d
       WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef),
      a.attnotnull, a.attidentity, a.attgenerated
    FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = 'public.made_1'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
  "psql: indexes of one table": `
    SELECT c2.relname, i.indisprimary, i.indisunique, i.indisvalid, pg_get_indexdef(i.indexrelid, 0, true),
      pg_get_constraintdef(con.oid, true), contype
    FROM pg_catalog.pg_class c, pg_catalog.pg_class c2, pg_catalog.pg_index i
      LEFT JOIN pg_catalog.pg_constraint con
        ON con.conrelid = i.indrelid AND con.conindid = i.indexrelid AND con.contype IN ('p', 'u', 'x')
    WHERE c.oid = 'public.made_1'::regclass AND c.oid = i.indrelid AND i.indexrelid = c2.oid
    ORDER BY i.indisprimary DESC, c2.relname`,
  "Drizzle Kit: columns of one table": `
    SELECT a.attname, a.attndims, c.column_default, c.data_type, c.is_nullable, c.is_identity, c.is_generated, e.data_type
    FROM information_schema.columns c
      LEFT JOIN information_schema.element_types e
        ON e.object_schema = c.table_schema AND e.object_name = c.table_name AND e.collection_type_identifier = c.dtd_identifier
      JOIN pg_catalog.pg_attribute a ON a.attrelid = 'public.made_1'::regclass AND a.attname = c.column_name
    WHERE c.table_schema = 'public' AND c.table_name = 'made_1'`,
  "Drizzle Kit: keys of one table": `
    SELECT c.column_name, c.data_type, tc.constraint_type, tc.constraint_name, tc.constraint_schema
    FROM information_schema.table_constraints tc
      JOIN information_schema.constraint_column_usage ccu USING (constraint_schema, constraint_name)
      JOIN information_schema.columns c
        ON c.table_schema = tc.constraint_schema AND tc.table_name = c.table_name AND ccu.column_name = c.column_name
    WHERE tc.table_name = 'made_1' AND tc.constraint_schema = 'public'`,
  "Drizzle Kit, TypeORM: foreign keys of all tables": `
    SELECT con.conname, nsp.nspname, rel.relname, att.attname, fnsp.nspname, frel.relname, fatt.attname, con.confdeltype
    FROM pg_catalog.pg_constraint con
      JOIN pg_catalog.pg_class rel ON rel.oid = con.conrelid
      JOIN pg_catalog.pg_namespace nsp ON nsp.oid = rel.relnamespace
      JOIN pg_catalog.pg_class frel ON frel.oid = con.confrelid
      JOIN pg_catalog.pg_namespace fnsp ON fnsp.oid = frel.relnamespace
      JOIN pg_catalog.pg_attribute att ON att.attnum = ANY (con.conkey) AND att.attrelid = con.conrelid
      JOIN pg_catalog.pg_attribute fatt ON fatt.attnum = ANY (con.confkey) AND fatt.attrelid = con.confrelid
    WHERE con.contype = 'f' AND nsp.nspname = 'public'`,
  "Prisma: columns of all tables": `
    SELECT oid.namespace, info.table_name, info.column_name, format_type(att.atttypid, att.atttypmod),
      info.numeric_precision, info.numeric_scale, info.character_maximum_length, info.data_type, info.is_nullable,
      pg_get_expr(attdef.adbin, attdef.adrelid), info.is_identity, col_description(att.attrelid, att.attnum)
    FROM information_schema.columns info
      JOIN pg_catalog.pg_attribute att ON att.attname = info.column_name
      JOIN (SELECT pg_class.oid, relname, pg_namespace.nspname AS namespace FROM pg_catalog.pg_class
            JOIN pg_catalog.pg_namespace ON pg_namespace.oid = pg_class.relnamespace AND pg_namespace.nspname = 'public'
            WHERE relkind = 'r') AS oid
        ON oid.oid = att.attrelid AND relname = info.table_name AND namespace = info.table_schema
      LEFT JOIN pg_catalog.pg_attrdef attdef ON attdef.adrelid = att.attrelid AND attdef.adnum = att.attnum
    WHERE info.table_schema = 'public' ORDER BY 1, 2, info.ordinal_position`,
  "Prisma: indexes of all tables": `
    SELECT n.nspname, t.relname, i.relname, a.attname, x.indisunique, x.indisprimary, key.place
    FROM (SELECT indexrelid, indrelid, indisunique, indisprimary, unnest(indkey) AS number,
            generate_subscripts(indkey, 1) AS place FROM pg_catalog.pg_index WHERE indpred IS NULL) AS key
      JOIN pg_catalog.pg_index x ON x.indexrelid = key.indexrelid
      JOIN pg_catalog.pg_class i ON i.oid = key.indexrelid
      JOIN pg_catalog.pg_class t ON t.oid = key.indrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
      JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = key.number
    WHERE n.nspname = 'public' ORDER BY 1, 2, 3, key.place`,
  "Sequelize: keys and their columns": `
    SELECT tc.table_schema, tc.table_name, kcu.column_name, tc.constraint_name, tc.constraint_type
    FROM information_schema.table_constraints tc
      JOIN information_schema.key_column_usage kcu
        ON tc.constraint_name = kcu.constraint_name AND tc.table_schema = kcu.table_schema
    WHERE tc.constraint_type IN ('PRIMARY KEY', 'UNIQUE') AND tc.table_schema = 'public'`,
  "Sequelize: indexes of one table": `
    SELECT i.relname, ix.indisprimary, ix.indisunique, ix.indkey, array_agg(a.attnum), array_agg(a.attname),
      pg_get_indexdef(ix.indexrelid)
    FROM pg_catalog.pg_class t, pg_catalog.pg_class i, pg_catalog.pg_index ix, pg_catalog.pg_attribute a
    WHERE t.oid = ix.indrelid AND i.oid = ix.indexrelid AND a.attrelid = t.oid AND t.relkind = 'r' AND t.relname = 'made_1'
    GROUP BY i.relname, ix.indexrelid, ix.indisprimary, ix.indisunique, ix.indkey ORDER BY i.relname`,
  "Kysely: tables with their columns": `
    SELECT a.attname, a.attnotnull, a.atthasdef, c.relname, c.relkind, ns.nspname, typ.typname, dtns.nspname,
      pg_get_serial_sequence(quote_ident(ns.nspname) || '.' || quote_ident(c.relname), a.attname)
    FROM pg_catalog.pg_attribute a
      JOIN pg_catalog.pg_class c ON a.attrelid = c.oid
      JOIN pg_catalog.pg_namespace ns ON c.relnamespace = ns.oid
      JOIN pg_catalog.pg_type typ ON a.atttypid = typ.oid
      JOIN pg_catalog.pg_namespace dtns ON typ.typnamespace = dtns.oid
    WHERE c.relkind IN ('r', 'v', 'p') AND ns.nspname !~ '^pg_' AND ns.nspname <> 'information_schema'
      AND a.attnum >= 0 AND NOT a.attisdropped ORDER BY ns.nspname, c.relname, a.attnum`,
  "DBeaver: columns with their types and comments": `
    SELECT c.relname, a.*, pg_get_expr(ad.adbin, ad.adrelid, true), d.description
    FROM pg_catalog.pg_attribute a
      JOIN pg_catalog.pg_class c ON a.attrelid = c.oid
      LEFT JOIN pg_catalog.pg_attrdef ad ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum
      LEFT JOIN pg_catalog.pg_description d ON c.oid = d.objoid AND a.attnum = d.objsubid
    WHERE NOT a.attisdropped AND c.relkind NOT IN ('i', 'I', 'c') AND c.relnamespace = 'public'::regnamespace
    ORDER BY a.attnum`,
};
