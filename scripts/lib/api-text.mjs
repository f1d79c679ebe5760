import ts from 'typescript';

const printer = ts.createPrinter({ removeComments: true, newLine: ts.NewLineKind.LineFeed });

/**
 * The public API that a declaration file gives its importers, as Markdown: each export with its whole signature, sorted
 * by name, then the types that those signatures mention without their being exported. Private members, comments and the
 * order of members are left out, so that only what users can notice changes the text.
 */
export function apiText(title, file) {
  const program = ts.createProgram([file], { noLib: true, types: [], skipLibCheck: true }, relativeImportsHost());
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  if (!source) throw new Error(`${file} does not exist`);
  const resolve = (symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol);
  const moduleSymbol = checker.getSymbolAtLocation(source);
  const exported = moduleSymbol ? checker.getExportsOfModule(moduleSymbol) : [];
  const targets = new Map(exported.map((symbol) => [symbol, resolve(symbol)]));
  const hidden = mentionedBeside(new Set(targets.values()), checker, resolve);
  return [
    `# ${title}`,
    ...[...targets].map(([symbol, target]) => section(symbol.name, signatures(target, symbol))).sort(),
    ...(hidden.size > 0 ? ['# Not exported, but part of a signature'] : []),
    ...[...hidden].map((symbol) => section(symbol.name, signatures(symbol, symbol))).sort(),
  ].join('\n\n');
}

/** Modules of other packages are not looked into: their names are enough. */
function relativeImportsHost() {
  const options = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext };
  const host = ts.createCompilerHost(options);
  host.resolveModuleNameLiterals = (literals, from) =>
    literals.map(({ text }) =>
      text.startsWith('.')
        ? ts.resolveModuleName(text, from, options, host, undefined, undefined, ts.ModuleKind.ESNext)
        : { resolvedModule: undefined },
    );
  return host;
}

const section = (name, text) => `## ${name}\n\n\`\`\`ts\n${text}\n\`\`\``;

/** All declarations of a symbol; for one that belongs to another package, where it comes from. */
function signatures(target, symbol) {
  const declarations = target.declarations ?? symbol.declarations ?? [];
  return declarations
    .map((declaration) => (ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration))
    .map((node) => (ts.isExportSpecifier(node) ? node.parent.parent : node))
    .map((node) => printer.printNode(ts.EmitHint.Unspecified, withoutPrivateMembers(node), node.getSourceFile()))
    .join('\n');
}

function withoutPrivateMembers(node) {
  if (ts.isClassDeclaration(node)) {
    const members = sortedByName(node.members.filter((member) => !isPrivate(member)));
    const { modifiers, name, typeParameters, heritageClauses } = node;
    return ts.factory.updateClassDeclaration(node, modifiers, name, typeParameters, heritageClauses, members);
  }
  if (ts.isInterfaceDeclaration(node)) {
    const { modifiers, name, typeParameters, heritageClauses } = node;
    return ts.factory.updateInterfaceDeclaration(
      node,
      modifiers,
      name,
      typeParameters,
      heritageClauses,
      sortedByName(node.members),
    );
  }
  return node;
}

/** Overloads keep their order, which callers notice. */
const sortedByName = (members) =>
  [...members].sort((a, b) => compare(a.name?.getText() ?? '', b.name?.getText() ?? ''));

const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** A private constructor is not hidden: that nobody may call it is for users to know. */
function isPrivate(member) {
  if (ts.isConstructorDeclaration(member)) return false;
  return (
    Boolean(member.name && ts.isPrivateIdentifier(member.name)) || hasModifier(member, ts.SyntaxKind.PrivateKeyword)
  );
}

const hasModifier = (node, kind) =>
  (ts.canHaveModifiers(node) ? (ts.getModifiers(node) ?? []) : []).some((m) => m.kind === kind);

/** The package's own types that the signatures of `known` mention, and those that these mention in turn. */
function mentionedBeside(known, checker, resolve) {
  const found = new Set();
  const queue = [...known];
  const visit = (node) => {
    // A constructor that takes types nobody can import is called by the package alone.
    if (ts.isConstructorDeclaration(node) || (ts.isClassElement(node) && isPrivate(node))) return;
    if (ts.isIdentifier(node)) consider(checker.getSymbolAtLocation(node));
    ts.forEachChild(node, visit);
  };
  const consider = (mentioned) => {
    const symbol = mentioned && resolve(mentioned);
    if (!symbol || known.has(symbol) || found.has(symbol) || !symbol.declarations?.some(isTopLevel)) return;
    found.add(symbol);
    queue.push(symbol);
  };
  for (let symbol = queue.shift(); symbol; symbol = queue.shift()) {
    for (const declaration of symbol.declarations ?? []) visit(declaration);
  }
  return found;
}

function isTopLevel(node) {
  const statement = ts.isVariableDeclaration(node) ? node.parent.parent : node;
  return ts.isSourceFile(statement.parent) && !ts.isImportDeclaration(statement);
}
