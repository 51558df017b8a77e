/**
 * What stands between pg_dump and the service: the statements of it that the service refuses, and what a proxy does about
 * each. A refused SET or LOCK TABLE is answered as if it had been done, which changes nothing in the dump: every
 * transaction has one snapshot. SQL's PREPARE and EXECUTE become the query they stand for.
 *
 * Source: https://github.com/awslabs/aurora-dsql-tools, `pgdump-proxy`: AWS's proxy does the same.
 */

/** What becomes of one statement: it is sent on, perhaps as another, or answered with a tag alone. */
export type Passage = { readonly send: string } | { readonly tag: string };

const taken =
  /^(application_name|client_encoding|datestyle|extra_float_digits|intervalstyle|search_path|timezone)$/i;

/** Keeps what was prepared; for one session. */
export class Proxy {
  readonly #prepared = new Map<string, string>();

  passage(text: string): Passage {
    const setting = /^\s*SET\s+(?:SESSION\s+|LOCAL\s+)?"?(\w+)/i.exec(text)?.[1];
    if (setting !== undefined && !taken.test(setting)) return { tag: "SET" };
    if (/^\s*LOCK\b/i.test(text)) return { tag: "LOCK TABLE" };
    // The other call of set_config() names its parameter in a literal: search_path, which may be set.
    if (/^\s*SELECT set_config\(name,/.test(text)) return { send: "SELECT NULL::text" };
    return this.#prepare(text) ?? this.#execute(text) ?? { send: text };
  }

  #prepare(text: string): Passage | undefined {
    const [, name, query] = /^\s*PREPARE (\w+)\(pg_catalog\.oid\) AS\s+(SELECT.*)$/s.exec(text) ?? [];
    if (name === undefined || query === undefined) return undefined;
    this.#prepared.set(name, query);
    return { tag: "PREPARE" };
  }

  #execute(text: string): Passage | undefined {
    const [, name = "", oid] = /^\s*EXECUTE (\w+)\('(\d+)'\)/.exec(text) ?? [];
    const query = this.#prepared.get(name);
    if (query === undefined || oid === undefined) return undefined;
    return { send: query.replace("$1", `'${oid}'::pg_catalog.oid`) };
  }
}
