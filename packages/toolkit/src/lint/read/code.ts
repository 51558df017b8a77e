/**
 * SQL in TypeScript and JavaScript: tagged templates (`sql`, `Prisma.sql`, `$queryRaw`, `tx` …), the first argument of query
 * calls (`query`, `execute`, `unsafe`, `$executeRawUnsafe` …), literals behind a comment that says just `sql`, and the settings
 * that a pool is given.
 *
 * The program is parsed by `@babel/parser`, which knows TypeScript, JSX and decorators, goes on after an error and gives
 * offsets; it is loaded when the first program is read. Nothing of the program is run: a text that only a run puts together
 * is read as far as its literals go.
 *
 * Tests: code.test.ts.
 */
import { lex } from "@dsql-local/sql";
import { clientOptionSources } from "./client-options.ts";
import { EmbeddedText, type Quote } from "./embedded.ts";
import { commentMarksSql, lastName, type Node, nodeField, nodesField, walk } from "./program.ts";
import type { SqlSource } from "./source.ts";
import { sharingOf, type Surroundings, surroundingsWithin } from "./surroundings.ts";

export type ParseProgram = (text: string, file: string) => Node;

let loading: Promise<Pick<typeof import("@babel/parser"), "parse">> | undefined;

/** The parser throws a SyntaxError for what is no program at all. */
export async function loadProgramParser(): Promise<ParseProgram> {
  loading ??= import("@babel/parser");
  const { parse } = await loading;
  return (text, file) => {
    const isJsx = !/\.[cm]?ts$/.test(file);
    const isTypeScript = /\.[cm]?tsx?$/.test(file);
    return parse(text, {
      sourceType: "unambiguous",
      errorRecovery: true,
      allowReturnOutsideFunction: true,
      allowUndeclaredExports: true,
      plugins: [
        "decorators-legacy",
        ...(isTypeScript ? (["typescript"] as const) : []),
        ...(isJsx ? (["jsx"] as const) : []),
      ],
    }) as unknown as Node;
  };
}

const sqlTags = /^(sql|SQL|pgsql|tx|trx|query|raw|unsafe|\$queryRaw|\$executeRaw)$/;
const queryCalls =
  /^(query|queryArray|queryObject|execute|executeSql|executeQuery|exec|unsafe|raw|prepare|\$queryRawUnsafe|\$executeRawUnsafe)$/;
/** @returns the SQL of the program in the order of its text */
export function sqlInProgram(program: Node, text: string): SqlSource[] {
  return new ProgramReader(program, text).read();
}

const top: Surroundings = { sequence: "top" };

interface Found {
  readonly surroundings: Surroundings;
  /** The tag, or what is called. */
  readonly runner: Node | undefined;
  readonly how: How;
}

type How = "tagged" | "called" | "marked";

class ProgramReader {
  readonly #program: Node;
  readonly #text: string;
  readonly #constants = new Map<string, Node | undefined>();
  readonly #read = new Set<Node>();
  readonly #sources: { readonly at: number; readonly source: SqlSource }[] = [];

  constructor(program: Node, text: string) {
    this.#program = program;
    this.#text = text;
  }

  read(): SqlSource[] {
    this.#collectConstants();
    walk(this.#program, top, (node, surroundings) => {
      this.#readNode(node, surroundings);
      return surroundingsWithin(node, surroundings);
    });
    return this.#sources.sort((left, right) => left.at - right.at).map(({ source }) => source);
  }

  /** A name that stands for two texts in one file stands for none here. */
  #collectConstants(): void {
    walk(this.#program, undefined, (node) => {
      if (node.type !== "VariableDeclaration" || node["kind"] !== "const") return;
      for (const declarator of nodesField(node, "declarations")) {
        const name = nodeField(declarator, "id")?.["name"];
        if (typeof name !== "string") continue;
        this.#constants.set(name, this.#constants.has(name) ? undefined : nodeField(declarator, "init"));
      }
    });
  }

  #readNode(node: Node, surroundings: Surroundings): void {
    if (node.type === "TaggedTemplateExpression") {
      const name = lastName(nodeField(node, "tag"));
      const quasi = nodeField(node, "quasi");
      if (sqlTags.test(name))
        this.#add(quasi, { surroundings, runner: nodeField(node, "tag"), how: "tagged" });
    } else if (node.type === "CallExpression" || node.type === "OptionalCallExpression") {
      this.#readCall(node, surroundings);
      this.#readClientOptions(node);
    } else if (node.type === "NewExpression") {
      this.#readClientOptions(node);
    } else if (isLiteral(node) && commentMarksSql(node)) {
      this.#add(node, { surroundings, runner: undefined, how: "marked" });
    }
  }

  #readCall(call: Node, surroundings: Surroundings): void {
    const name = lastName(nodeField(call, "callee"));
    const [argument] = nodesField(call, "arguments");
    if (argument === undefined || !queryCalls.test(name)) return;
    const text = argument.type === "ObjectExpression" ? textProperty(argument) : argument;
    this.#add(text, { surroundings, runner: nodeField(call, "callee"), how: "called" });
  }

  #readClientOptions(call: Node): void {
    for (const source of clientOptionSources(call, (node) => this.#resolve(node)))
      this.#sources.push({ at: source.fileOffset(0), source });
  }

  #add(node: Node | undefined, { surroundings, runner, how }: Found): void {
    const resolved = this.#resolve(node);
    if (resolved === undefined || this.#read.has(resolved)) return;
    const embedded = new EmbeddedText();
    if (!this.#collect(resolved, embedded)) return;
    this.#read.add(resolved);
    const { text, holes } = embedded;
    if (!looksLikeSql(text, how)) return;
    const at = resolved.start;
    this.#sources.push({
      at,
      source: {
        separator: undefined,
        text,
        holes,
        fileOffset: (offset) => embedded.fileOffset(offset),
        written: (change) => embedded.written(change),
        isSurelySql: how === "marked" || hasShapeOfSql.test(text),
        ...sharingOf(surroundings, runner, at),
      },
    });
  }

  /** @returns the literal behind a name, a cast or parentheses */
  #resolve(node: Node | undefined, depth = 0): Node | undefined {
    if (node === undefined || depth > 8) return undefined;
    const inner = nodeField(node, "expression");
    const isWrapper = /^(TSAsExpression|TSSatisfiesExpression|TSNonNullExpression|ParenthesizedExpression)$/;
    if (inner !== undefined && isWrapper.test(node.type)) return this.#resolve(inner, depth + 1);
    if (node.type !== "Identifier") return node;
    const constant = this.#constants.get(String(node["name"]));
    return constant?.type === "TaggedTemplateExpression" ? undefined : this.#resolve(constant, depth + 1);
  }

  /** Adds the pieces of a text. @returns whether there is a literal among them */
  #collect(node: Node, embedded: EmbeddedText): boolean {
    if (node.type === "StringLiteral") {
      const quote = this.#text.charAt(node.start);
      if (quote !== "'" && quote !== '"') return false;
      embedded.addLiteral(
        this.#text.slice(node.start + 1, node.end - 1),
        node.start + 1,
        quote satisfies Quote,
      );
      return true;
    }
    if (node.type === "TemplateLiteral") return this.#collectTemplate(node, embedded);
    if (node.type === "BinaryExpression" && node["operator"] === "+") {
      const left = this.#collectOperand(nodeField(node, "left"), embedded);
      const right = this.#collectOperand(nodeField(node, "right"), embedded);
      return left || right;
    }
    return false;
  }

  #collectOperand(node: Node | undefined, embedded: EmbeddedText): boolean {
    const resolved = this.#resolve(node);
    if (resolved !== undefined && this.#collect(resolved, embedded)) return true;
    embedded.addHole(node?.start ?? 0);
    return false;
  }

  #collectTemplate(template: Node, embedded: EmbeddedText): boolean {
    const expressions = nodesField(template, "expressions");
    nodesField(template, "quasis").forEach((quasi, index) => {
      embedded.addLiteral(this.#text.slice(quasi.start, quasi.end), quasi.start, "`");
      const expression = expressions[index];
      if (expression !== undefined) embedded.addHole(expression.start - "${".length);
    });
    return true;
  }
}

const isLiteral = ({ type }: Node): boolean =>
  type === "StringLiteral" || type === "TemplateLiteral" || type === "BinaryExpression";

/** `client.query({ text: "…" })`. */
function textProperty(object: Node): Node | undefined {
  const property = nodesField(object, "properties").find((candidate) =>
    /^(text|sql|query|statement)$/.test(String(nodeField(candidate, "key")?.["name"])),
  );
  return property && nodeField(property, "value");
}

const statementWords = new Set(
  (
    "SELECT INSERT UPDATE DELETE WITH CREATE ALTER DROP BEGIN START COMMIT ROLLBACK ABORT TRUNCATE GRANT REVOKE SET RESET SHOW " +
    "CALL COPY EXPLAIN MERGE ANALYZE VACUUM LOCK SAVEPOINT RELEASE PREPARE EXECUTE DEALLOCATE LISTEN UNLISTEN NOTIFY DO " +
    "COMMENT AWS REFRESH REINDEX CLUSTER DECLARE DISCARD CHECKPOINT REASSIGN SECURITY"
  ).split(" "),
);

/** What must follow for a text that does not parse to be taken for SQL all the same. */
const hasShapeOfSql =
  /^\s*(select\b[^]*\bfrom\b|insert\s+into\b|update\s+\S+\s+set\b|delete\s+from\b|(create|alter|drop)\s+(unique\s+)?(table|index|view|schema|role|sequence|function|domain|type|extension)\b|aws\s+iam\b)/i;

/** A tagged text may be a part of a statement: `sql\`lower(name)\``, `sql\`SET name = ${name}\``. */
function looksLikeSql(text: string, how: How): boolean {
  const [first] = lex(text.slice(0, 4_096));
  if (first?.kind !== "word") return false;
  const word = text.slice(first.start, first.end).toUpperCase();
  return statementWords.has(word) && !(how === "tagged" && word === "SET");
}
