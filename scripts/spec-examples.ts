/**
 * Prints the worked examples of SPEC.md from the code: `node scripts/spec-examples.ts` writes each block between
 * `<!-- example:NAME -->` and `<!-- /example -->` anew. test/spec.test.ts fails where SPEC.md says something else.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as objects from './spec/objects.ts';
import * as pins from './spec/pins.ts';
import * as store from './spec/store.ts';
import { makeWorld } from './spec/world.ts';

export const SPEC = fileURLToPath(new URL('../SPEC.md', import.meta.url));

/** Every block by its name. */
export async function examples(): Promise<Map<string, readonly string[]>> {
  const world = makeWorld();
  return new Map<string, readonly string[]>([
    ['constants', objects.constants()],
    ['links', objects.links()],
    ...objects.objectExamples(world),
    ['gear', objects.gear()],
    ['hash32', objects.hashes()],
    ['keys', objects.keys()],
    ['sqlite-records', objects.records()],
    ['copy-lines', objects.copyLines()],
    ['multiset', objects.multiset()],
    ['pack', await store.pack(world)],
    ['head', store.head(world)],
    ['checkpoint', store.checkpoint(world)],
    ['config', store.config(world)],
    ['manifest', store.manifest(world)],
    ['protocol', store.protocol(world)],
    ['sqlite-pragmas', pins.sqlitePragmas()],
    ['postgres-pins', pins.postgresPins()],
    ['postgres-functions', pins.postgresFunctions()],
  ]);
}

const BLOCK = /<!-- example:([a-z0-9-]+) -->\n[^]*?<!-- \/example -->/g;

/** The text with every block written anew. @throws Error for a block that nobody prints, and for one that is missing. */
export function withExamples(text: string, blocks: ReadonlyMap<string, readonly string[]>): string {
  const missing = new Set(blocks.keys());
  const written = text.replace(BLOCK, (_, name: string) => {
    const lines = blocks.get(name);
    if (lines === undefined) throw new Error(`SPEC.md has a block ${name} that nothing prints`);
    missing.delete(name);
    return ['<!-- example:' + name + ' -->', '```', ...lines, '```', '<!-- /example -->'].join('\n');
  });
  if (missing.size > 0) throw new Error(`SPEC.md lacks the examples ${[...missing].join(', ')}`);
  return written;
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await writeFile(SPEC, withExamples(await readFile(SPEC, 'utf8'), await examples()));
}
