/**
 * What the coordinator has to know of tables and functions behind a statement.
 *
 * Asked of PostgreSQL once and kept until the catalog changes.
 */
import type { RelationRef, Statement } from "../sql/index.ts";
import type { Requester } from "../backend/index.ts";
import { askFunctionFacts, type FunctionFacts } from "./functions.ts";
import { askSharingFacts, type SharingFacts } from "./sharing.ts";
import { type Table, tableOf, tableQuery, textArray } from "./table.ts";

/** Names a relation as a statement does. */
export type RelationName = Pick<RelationRef, "schema" | "name">;

/** The ordinary tables among the relations of one statement. */
export class StatementTables {
  readonly #tables: ReadonlyMap<string, Table>;

  constructor(tables: ReadonlyMap<string, Table>) {
    this.#tables = tables;
  }

  /** @returns undefined for what is not an ordinary table: a view, a function, a missing name */
  of(relation: RelationName): Table | undefined {
    return this.#tables.get(relationKey(relation));
  }
}

function relationKey({ schema, name }: RelationName): string {
  return `${schema ?? ""}\0${name}`;
}

/** Tables kept at most; at the bound all are forgotten and asked for again. */
const tablesMax = 2_000;
/** A longer key, of a search path without end, is asked for each time. */
const keyCharactersMax = 4_096;

export class Catalog {
  readonly #system: Requester;
  readonly #tables = new Map<string, Promise<Table | undefined>>();
  readonly #behind = new Map<string, Promise<ReadonlySet<number>>>();
  #functions: Promise<FunctionFacts> | undefined;
  #knownFunctions: FunctionFacts | undefined;
  #deferrableKeys: Promise<boolean> | undefined;
  #sharing: SharingFacts | undefined;
  #sharingAsked: Promise<void> | undefined;
  /** Tells an answer of PostgreSQL's that was asked for before the catalog changed. */
  #version = 0;

  /** @param system - runs the system's own statements, outside any transaction */
  constructor(system: Requester) {
    this.#system = system;
  }

  /** Forgets everything: the catalog has changed. */
  forget(): void {
    this.#tables.clear();
    this.#behind.clear();
    this.#functions = undefined;
    this.#knownFunctions = undefined;
    this.#deferrableKeys = undefined;
    this.#sharing = undefined;
    this.#sharingAsked = undefined;
    this.#version += 1;
  }

  /** Looks up all relations of a statement that reads or writes. */
  async tablesOf(statement: Statement, searchPath: readonly string[]): Promise<StatementTables> {
    const found = new Map<string, Table>();
    if (statement.kind === "read" || statement.kind === "write") {
      for (const relation of statement.analysis.relations) {
        const table = await this.table(relation, searchPath);
        if (table !== undefined) found.set(relationKey(relation), table);
      }
    }
    return new StatementTables(found);
  }

  /** @returns undefined for what is not an ordinary table */
  async table(relation: RelationName, searchPath: readonly string[]): Promise<Table | undefined> {
    const schemas = relation.schema === undefined ? searchPath : [relation.schema];
    const key = `${schemas.join("\0")}\0\0${relation.name}`;
    const known = this.#tables.get(key);
    if (known !== undefined) return await known;
    if (this.#tables.size >= tablesMax) this.#tables.clear();
    const asked = this.#ask(schemas, relation.name);
    if (key.length > keyCharactersMax) return await asked;
    this.#tables.set(key, asked);
    asked.catch(() => this.#tables.delete(key));
    return await asked;
  }

  /** The oids of the relations behind a view, of views too. */
  async behind(relation: RelationName, searchPath: readonly string[]): Promise<ReadonlySet<number>> {
    const schemas = relation.schema === undefined ? searchPath : [relation.schema];
    const key = `${schemas.join("\0")}\0\0${relation.name}`;
    const known = this.#behind.get(key);
    if (known !== undefined) return await known;
    if (this.#behind.size >= tablesMax) this.#behind.clear();
    const asked = this.#system
      .request(behindQuery, [textArray(schemas), relation.name])
      .then(({ rows }) => new Set(rows.map(([oid]) => Number(oid))));
    this.#behind.set(key, asked);
    asked.catch(() => this.#behind.delete(key));
    return await asked;
  }

  async functions(): Promise<FunctionFacts> {
    this.#functions ??= this.#askFunctions();
    return await this.#functions;
  }

  /** As `functions`; undefined while PostgreSQL has yet to be asked. */
  get knownFunctions(): FunctionFacts | undefined {
    return this.#knownFunctions;
  }

  async #askFunctions(): Promise<FunctionFacts> {
    const asked = this.#version;
    try {
      const facts = await askFunctionFacts(this.#system);
      if (asked === this.#version) this.#knownFunctions = facts;
      return facts;
    } catch (error) {
      if (asked === this.#version) this.#functions = undefined; // The next caller asks again.
      throw error;
    }
  }

  /** What decides which texts are shared; undefined while PostgreSQL is being asked, and nothing is shared that long. */
  get sharing(): SharingFacts | undefined {
    if (this.#sharing === undefined) this.askSharing().catch(() => undefined); // The next caller asks again.
    return this.#sharing;
  }

  async askSharing(): Promise<void> {
    this.#sharingAsked ??= this.#askSharing();
    await this.#sharingAsked;
  }

  async #askSharing(): Promise<void> {
    const asked = this.#version;
    try {
      const facts = await askSharingFacts(this.#system);
      if (asked === this.#version) this.#sharing = facts;
    } finally {
      if (asked === this.#version) this.#sharingAsked = undefined;
    }
  }

  /** Whether any foreign key may be checked as late as at COMMIT. */
  async hasDeferrableKeys(): Promise<boolean> {
    this.#deferrableKeys ??= this.#system
      .request("SELECT FROM pg_constraint WHERE contype = 'f' AND condeferrable LIMIT 1")
      .then(({ tag }) => tag !== "SELECT 0")
      .catch((error: unknown) => {
        this.#deferrableKeys = undefined; // The next caller asks again.
        throw error;
      });
    return await this.#deferrableKeys;
  }

  async #ask(schemas: readonly string[], name: string): Promise<Table | undefined> {
    const { volatile } = await this.functions();
    const { rows } = await this.#system.request(tableQuery, [textArray(schemas), name]);
    const found = rows[0]?.[0];
    return found === undefined || found === null ? undefined : tableOf(found, volatile);
  }
}

const behindQuery = `
WITH RECURSIVE behind(oid) AS (
  (SELECT c.oid FROM pg_catalog.unnest($1::pg_catalog.text[]) WITH ORDINALITY AS path(schema, place)
   JOIN pg_catalog.pg_namespace n ON n.nspname = path.schema
   JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = $2
   ORDER BY path.place LIMIT 1)
  UNION
  SELECT d.refobjid FROM behind JOIN pg_catalog.pg_rewrite r ON r.ev_class = behind.oid
  JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
   AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass)
SELECT oid FROM behind`;
