/**
 * Rules of the house that no linter knows: an exported name of src/ is defined once, no file of src/ is there for tests
 * alone, and no room may import what it does not. `npm run check` runs it.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';

const ROOT = resolve(import.meta.dirname, '..');

/** Names with several definitions on purpose. */
const GENERIC: ReadonlyMap<string, string> = new Map([
  ['command', 'each file of cli/commands/ exports its own'],
  // Of sha256.ts and sha256-noble.ts: the validator's bundle takes one for the other.
  ['sha256Bytes', 'the same function twice'],
  ['sha256Hasher', 'the same function twice'],
  ['sha256Hex', 'the same function twice'],
]);

/** Where programs begin. */
const ENTRIES = [
  'bin/custody.ts',
  'src/index.ts',
  'src/validator/main.ts',
  'src/engines/sqlite/process/worker.ts',
  'src/engines/sqlite/process/integrity-main.ts',
  // scripts/build.ts puts it in the place of sha256.ts.
  'src/objects/sha256-noble.ts',
];

/** Files that only tests reach, for now. */
const UNREACHED: ReadonlyMap<string, string> = new Map([
  ['src/log/proof.ts', 'waits for proofs on the command line'],
  ['src/store/memory.ts', 'what a backend must do at least; SPEC.md takes its examples from it'],
]);

const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => `src/${name}`)
  .sort();
const faults = [...namedTwice(), ...reachedByTestsAlone(), ...allowedForNothing()];
for (const fault of faults) process.stderr.write(`${fault}\n`);
process.exitCode = faults.length > 0 ? 1 : 0;

function namedTwice(): string[] {
  const places = new Map<string, string[]>();
  for (const file of sources)
    for (const name of exportedBy(file)) places.set(name, [...(places.get(name) ?? []), file]);
  return [...places]
    .filter(([name, files]) => files.length > 1 && !GENERIC.has(name))
    .map(([name, files]) => `${name} has several definitions: ${files.join(', ')}`);
}

/** Names that a file defines and exports; overloads and the type of a value's name count once. */
function exportedBy(file: string): ReadonlySet<string> {
  const names = new Set<string>();
  const source = ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest);
  for (const statement of source.statements) {
    if (!ts.canHaveModifiers(statement)) continue;
    if (!ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) continue;
    const declared = ts.isVariableStatement(statement)
      ? statement.declarationList.declarations
      : [statement as ts.DeclarationStatement];
    for (const { name } of declared) if (name && ts.isIdentifier(name)) names.add(name.text);
  }
  return names;
}

function reachedByTestsAlone(): string[] {
  const reached = new Set<string>();
  const stack = [...ENTRIES];
  for (let file = stack.pop(); file !== undefined; file = stack.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    stack.push(...importsOf(file));
  }
  return [
    ...sources
      .filter((file) => !reached.has(file) && !UNREACHED.has(file))
      .map((file) => `${file} is reached by tests alone`),
    ...[...UNREACHED.keys()]
      .filter((file) => reached.has(file) || !existsSync(join(ROOT, file)))
      .map((file) => `${file} need not be excepted any more`),
  ];
}

interface RoomRule {
  readonly name: string;
  readonly from: { readonly path: string; readonly pathNot?: string };
  readonly to: { readonly pathNot: readonly string[] };
}

/** What the rules `room-…` of .dependency-cruiser.json allow and nothing uses. */
function allowedForNothing(): string[] {
  const { forbidden } = JSON.parse(read('.dependency-cruiser.json')) as { forbidden: readonly RoomRule[] };
  return forbidden
    .filter(({ name }) => name.startsWith('room-'))
    .flatMap(({ name, from, to }) => {
      const inside = [...sources, 'bin/custody.ts'].filter(
        (file) => matches(file, from.path) && !(from.pathNot && matches(file, from.pathNot)),
      );
      const used = [...inside, ...inside.flatMap(importsOf)];
      return to.pathNot
        .filter((allowed) => !used.some((file) => matches(file, allowed)))
        .map((allowed) => `${name} in .dependency-cruiser.json need not allow ${allowed}`);
    });
}

function matches(file: string, pattern: string): boolean {
  return new RegExp(pattern).test(file);
}

/** Files of ours that it imports, types and later imports included. */
function importsOf(file: string): string[] {
  return ts
    .preProcessFile(read(file))
    .importedFiles.filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => join(dirname(file), fileName));
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}
