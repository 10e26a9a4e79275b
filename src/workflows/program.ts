import { readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { storeContent } from '../objects/file.ts';
import type { ObjectOf } from '../objects/kinds.ts';
import type { ObjectSink } from '../objects/sink.ts';
import { putTree, type Placed } from '../packets/put-tree.ts';
import { importedPackages, VERSION } from '../system/own-package.ts';

type Program = ObjectOf<'run'>['program'];

let own: { readonly program: Program; readonly puts: readonly Parameters<ObjectSink['put']>[] } | undefined;

/** Stores the files of the program that runs here (spec/REHEARSAL.md, "What ran"), read once in a process. */
export function putProgram(sink: ObjectSink): Program {
  own ??= readProgram();
  for (const put of own.puts) sink.put(...put);
  return own.program;
}

function readProgram(): NonNullable<typeof own> {
  const puts: Parameters<ObjectSink['put']>[] = [];
  const sink: ObjectSink = { put: (...put) => void puts.push(put) };
  const here = fileURLToPath(import.meta.url);
  const sources = extname(here) === '.ts';
  const root = sources ? join(dirname(here), '../..') : dirname(here);
  const files = sources
    ? [join(root, 'package.json'), ...['bin', 'src'].flatMap((name) => filesBelow(join(root, name)))]
    : filesBelow(root);
  const placed = files.map((file): Placed => {
    const link = storeContent(sink, readFileSync(file));
    return { path: relative(root, file), mode: 'file', link };
  });
  const program = { version: VERSION, files: putTree(placed, sink), packages: importedPackages() };
  return { program, puts };
}

/** But for the build that the tests make for themselves in dist/test, when they make one. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'test' ? [] : filesBelow(path);
    return entry.isFile() ? [path] : [];
  });
}
