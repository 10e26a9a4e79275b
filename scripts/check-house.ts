/**
 * Rules of the house that no linter knows: an exported name of src/ and test/ is defined once, no file of src/ is there for
 * tests alone, each is in one room, and no room may import what it does not. `npm run check` runs it.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';

export interface House {
  readonly root: string;
  /** Names with several definitions on purpose. */
  readonly generic: ReadonlyMap<string, string>;
  /** Where programs begin. */
  readonly entries: readonly string[];
  /** Files that only tests reach, for now. */
  readonly unreached: ReadonlyMap<string, string>;
}

const CUSTODY: House = {
  root: resolve(import.meta.dirname, '..'),
  generic: new Map([
    ['command', 'each file of cli/commands/ exports its own'],
    // Of sha256.ts and sha256-noble.ts: the validator's bundle takes one for the other.
    ['sha256Bytes', 'the same function twice'],
    ['sha256Hasher', 'the same function twice'],
    ['sha256Hex', 'the same function twice'],
    // Of worker-entry.ts and test/built.ts, which vitest.shared.ts puts in its place.
    ['workerEntry', 'where the built worker is'],
    ['integrityEntry', 'where the built worker is'],
    ['surrogateEntry', 'where the built worker is'],
  ]),
  entries: [
    'bin/custody.ts',
    'src/index.ts',
    'src/validator/main.ts',
    'src/engines/sqlite/process/worker.ts',
    'src/engines/sqlite/process/integrity-main.ts',
    'src/engines/sqlite/process/surrogate-main.ts',
    // scripts/build.ts puts it in the place of sha256.ts.
    'src/objects/sha256-noble.ts',
  ],
  unreached: new Map([
    ['src/log/proof.ts', 'waits for proofs on the command line'],
    ['src/store/memory.ts', 'what a backend must do at least; spec/ takes its examples from it'],
  ]),
};

/** A whole room is allowed only to whom uses more of its files. */
const FEW = 4;

interface Room {
  readonly name: string;
  readonly from: { readonly path: string; readonly pathNot?: string };
  readonly to: { readonly pathNot: readonly string[] };
}

export function faultsOf({ root, generic, entries, unreached }: House): string[] {
  const sources = filesIn('src');
  return [...namedTwice(), ...reachedByTestsAlone(), ...roomFaults()];

  function namedTwice(): string[] {
    const places = new Map<string, string[]>();
    for (const file of [...sources, ...filesIn('test')])
      for (const name of definedBy(file, read(file))) places.set(name, [...(places.get(name) ?? []), file]);
    return [...places]
      .filter(([name, files]) => files.length > 1 && !generic.has(name))
      .map(([name, files]) => `${name} has several definitions: ${files.join(', ')}`);
  }

  function reachedByTestsAlone(): string[] {
    const reached = new Set<string>();
    const stack = [...entries];
    for (let file = stack.pop(); file !== undefined; file = stack.pop()) {
      if (reached.has(file)) continue;
      reached.add(file);
      stack.push(...importsOf(file).filter((name) => sources.includes(name)));
    }
    return [
      ...sources
        .filter((file) => !reached.has(file) && !unreached.has(file))
        .map((file) => `${file} is reached by tests alone`),
      ...[...unreached.keys()]
        .filter((file) => reached.has(file) || !existsSync(join(root, file)))
        .map((file) => `${file} need not be excepted any more`),
    ];
  }

  /** Files in no room or in two, and what the rules `room-…` of .dependency-cruiser.json allow and nothing uses. */
  function roomFaults(): string[] {
    const { forbidden } = JSON.parse(read('.dependency-cruiser.json')) as { forbidden: readonly Room[] };
    const rooms = forbidden.filter(({ name }) => name.startsWith('room-'));
    const inside = ({ from }: Room, file: string): boolean =>
      matches(file, from.path) && !(from.pathNot && matches(file, from.pathNot));
    return [
      ...sources
        .map((file) => ({ file, in: rooms.filter((room) => inside(room, file)).map(({ name }) => name) }))
        .filter((found) => found.in.length !== 1)
        .map((found) => `${found.file} must be in one room, and is in ${found.in.join(', ') || 'none'}`),
      ...rooms.flatMap((room) => {
        const own = [...sources, ...filesIn('bin')].filter((file) => inside(room, file));
        const imported = new Set(own.flatMap(importsOf));
        const fault = (allowed: string): string | undefined => {
          if (own.some((file) => matches(file, allowed))) return undefined;
          const used = [...imported].filter((file) => matches(file, allowed));
          if (used.length === 0) return `need not allow ${allowed}`;
          return allowed.endsWith('/') && allowed.startsWith('^src/') && used.length <= FEW
            ? `must not allow all of ${allowed}, but ${used.join(', ')}`
            : undefined;
        };
        return room.to.pathNot
          .flatMap(branchesOf)
          .map(fault)
          .filter((text) => text !== undefined)
          .map((text) => `${room.name} in .dependency-cruiser.json ${text}`);
      }),
    ];
  }

  /** What a file imports, types and later imports included, in dependency-cruiser's words. */
  function importsOf(file: string): string[] {
    return ts.preProcessFile(read(file)).importedFiles.map(({ fileName: name }) => {
      if (name.startsWith('.')) return join(dirname(file), name);
      if (!isBuiltin(name)) return `node_modules/${name}/`;
      const short = name.replace(/^node:/, '');
      return isBuiltin(short) ? short : name;
    });
  }

  function filesIn(folder: string): string[] {
    return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${folder}/${name}`)
      .sort();
  }

  function read(file: string): string {
    return readFileSync(join(root, file), 'utf8');
  }
}

/**
 * Names that a file defines and exports; overloads and the type of a value's name count once. Passing on what was imported
 * defines nothing, under another name it does.
 */
function definedBy(file: string, text: string): ReadonlySet<string> {
  const { statements } = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  const imported = new Set<string>();
  const names = new Set<string>();
  for (const statement of statements) {
    if (ts.isImportDeclaration(statement)) {
      const bindings = statement.importClause?.namedBindings;
      if (bindings && ts.isNamedImports(bindings))
        for (const { name } of bindings.elements) imported.add(name.text);
    } else if (ts.isExportDeclaration(statement)) {
      const { exportClause: clause, moduleSpecifier: elsewhere } = statement;
      if (!clause || !ts.isNamedExports(clause)) continue;
      for (const { name, propertyName } of clause.elements)
        if (propertyName || !(elsewhere || imported.has(name.text))) names.add(name.text);
    } else if (
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
    ) {
      const declared = ts.isVariableStatement(statement)
        ? statement.declarationList.declarations
        : [statement as ts.DeclarationStatement];
      for (const { name } of declared) if (name) addBound(name, names);
    }
  }
  return names;
}

/** `a`, or what `{ a, b: [c] }` binds. */
function addBound(name: ts.DeclarationName | ts.BindingName, to: Set<string>): void {
  if (ts.isIdentifier(name)) to.add(name.text);
  else if (ts.isObjectBindingPattern(name) || ts.isArrayBindingPattern(name))
    for (const element of name.elements) if (ts.isBindingElement(element)) addBound(element.name, to);
}

/** Each branch of a pattern's alternations as a pattern of its own. */
function branchesOf(pattern: string): string[] {
  const [group, branches] = /\(([^()]*\|[^()]*)\)/.exec(pattern) ?? [];
  if (group === undefined) return [pattern];
  return branches!.split('|').flatMap((branch) => branchesOf(pattern.replace(group, () => branch)));
}

function matches(file: string, pattern: string): boolean {
  return new RegExp(pattern).test(file);
}

if (import.meta.main) {
  const faults = faultsOf(CUSTODY);
  for (const fault of faults) process.stderr.write(`${fault}\n`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}
