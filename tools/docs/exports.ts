/**
 * What a package exports by its front door, and what its doc comments say of it, read by the compiler's own eyes.
 *
 * Only the sources are read: nothing need be built, and no file outside the given ones is checked for errors.
 */
import path from "node:path";
import ts from "typescript";

export interface DocumentedExport {
  readonly name: string;
  /** Relative to the root of the tree, with its line. */
  readonly place: string;
  /** Empty when there is none. */
  readonly documentation: string;
  /** Numbers among its properties and parameters whose unit neither their name nor a comment says. */
  readonly numbersWithoutUnit: readonly string[];
}

/** @param frontDoors - `index.ts` files, relative to `root` */
export function exportsOf(root: string, frontDoors: readonly string[]): Map<string, DocumentedExport[]> {
  const program = ts.createProgram(
    frontDoors.map((file) => path.join(root, file)),
    {
      module: ts.ModuleKind.NodeNext,
      target: ts.ScriptTarget.ES2023,
      strict: true,
      allowImportingTsExtensions: true,
      noEmit: true,
      types: ["node"],
    },
  );
  const checker = program.getTypeChecker();
  return new Map(
    frontDoors.map((file) => {
      const source = program.getSourceFile(path.join(root, file));
      const module = source && checker.getSymbolAtLocation(source);
      if (!module) throw new Error(`${file} is no module.`);
      const symbols = checker.getExportsOfModule(module).map((symbol) => original(checker, symbol));
      return [file, symbols.map((symbol) => describe(root, checker, symbol))];
    }),
  );
}

function original(checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

function describe(root: string, checker: ts.TypeChecker, symbol: ts.Symbol): DocumentedExport {
  const declaration = symbol.declarations?.[0];
  return {
    name: symbol.name,
    place: declaration ? placeOf(root, declaration) : "?",
    documentation: documentationOf(checker, symbol),
    numbersWithoutUnit: (symbol.declarations ?? [])
      .flatMap(numbersOf)
      .filter((member) => !saysItsUnit(checker, member))
      .map((member) => member.name.getText()),
  };
}

function placeOf(root: string, node: ts.Node): string {
  const source = node.getSourceFile();
  const { line } = source.getLineAndCharacterOfPosition(node.getStart());
  return `${path.relative(root, source.fileName).replaceAll("\\", "/")}:${line + 1}`;
}

function documentationOf(checker: ts.TypeChecker, symbol: ts.Symbol): string {
  const tags = symbol.getJsDocTags(checker).map((tag) => ts.displayPartsToString(tag.text));
  return [ts.displayPartsToString(symbol.getDocumentationComment(checker)), ...tags].join(" ").trim();
}

type NumberMember = ts.PropertySignature | ts.ParameterDeclaration;

function numbersOf(declaration: ts.Declaration): NumberMember[] {
  if (ts.isInterfaceDeclaration(declaration))
    return declaration.members.filter(ts.isPropertySignature).filter(isNumber);
  return ts.isFunctionDeclaration(declaration) ? declaration.parameters.filter(isNumber) : [];
}

function isNumber(member: NumberMember): boolean {
  return member.type?.kind === ts.SyntaxKind.NumberKeyword;
}

/** Names that end in a unit, a bound or what is counted: `deadlineMs`, `rowsPerTransaction`, `attempts`. */
const tellingName =
  /(?:[A-Za-z]s|Max|Min|Second|Read|Loaded|Rejected|Index)$|Per[A-Z]|^(?:port|line|column|seed)$/;

/** A comment of the whole may state the unit for all of its numbers. */
const unitWord = /\b(?:milliseconds?|ms|seconds?|bytes|rows|calls|characters|counts?|ids?)\b/i;

function saysItsUnit(checker: ts.TypeChecker, member: NumberMember): boolean {
  if (tellingName.test(member.name.getText())) return true;
  const symbol = checker.getSymbolAtLocation(member.name);
  const owner = checker.getSymbolAtLocation((member.parent as ts.InterfaceDeclaration).name);
  return (
    (symbol !== undefined && documentationOf(checker, symbol) !== "") ||
    (owner !== undefined && unitWord.test(documentationOf(checker, owner)))
  );
}
