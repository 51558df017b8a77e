/**
 * Of PostgreSQL's text search configurations the service has `simple` alone. The others, with their dictionaries, are
 * taken away, so that every way of naming one says that it does not exist.
 *
 * Source: https://github.com/Dreamescaper/dsql-emulator, recorded answers of a live cluster.
 */
export const simpleTextSearch = `
DO $$
DECLARE
  other regconfig;
  stemmer regdictionary;
BEGIN
  FOR other IN SELECT oid FROM pg_ts_config WHERE cfgname <> 'simple' LOOP
    EXECUTE format('DROP TEXT SEARCH CONFIGURATION %s', other);
  END LOOP;
  FOR stemmer IN SELECT oid FROM pg_ts_dict WHERE dictname <> 'simple' LOOP
    EXECUTE format('DROP TEXT SEARCH DICTIONARY %s', stemmer);
  END LOOP;
END
$$;
DROP TEXT SEARCH TEMPLATE snowball`;
