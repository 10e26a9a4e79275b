/**
 * Prints the worked examples of `spec/`, and its tables of codes, from the code: `node scripts/spec-examples.ts` writes
 * what stands between `<!-- example:NAME -->` and `<!-- /example -->`, and between `<!-- printed:NAME -->` and
 * `<!-- /printed -->`, anew. test/spec.test.ts fails where a page says something else.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as codes from './spec/codes.ts';
import * as objects from './spec/objects.ts';
import * as pins from './spec/pins.ts';
import * as store from './spec/store.ts';
import { makeWorld } from './spec/world.ts';

const FOLDER = fileURLToPath(new URL('../spec/', import.meta.url));
const PAGES = ['FORMAT.md', 'REHEARSAL.md', 'CLI.md'] as const;

/** The text of every page of the specification, by its name. */
export async function pages(): Promise<Map<string, string>> {
  const texts = PAGES.map(async (name): Promise<[string, string]> => [
    name,
    await readFile(join(FOLDER, name), 'utf8'),
  ]);
  return new Map(await Promise.all(texts));
}

/** Every block by its name, as it stands in a page. */
async function blocks(): Promise<Map<string, string>> {
  const world = makeWorld();
  const examples: [string, readonly string[]][] = [
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
  ];
  return new Map([
    ...examples.map(([name, lines]): [string, string] => [
      `example:${name}`,
      ['```', ...lines, '```'].join('\n'),
    ]),
    ['printed:error-codes', codes.errorCodes().join('\n')],
    ['printed:finding-codes', codes.findingCodes().join('\n')],
  ]);
}

const BLOCK = /<!-- ((example|printed):[a-z0-9-]+) -->\n[^]*?<!-- \/\2 -->/g;

/** The pages with every block written anew. @throws Error for a block that nobody prints, and for one that is missing. */
export async function printed(texts: ReadonlyMap<string, string>): Promise<Map<string, string>> {
  const due = await blocks();
  const missing = new Set(due.keys());
  const written = [...texts].map(([page, text]): [string, string] => [
    page,
    text.replace(BLOCK, (_, name: string, kind: string) => {
      const block = due.get(name);
      if (block === undefined) throw new Error(`${page} has a block ${name} that nothing prints`);
      missing.delete(name);
      return `<!-- ${name} -->\n${block}\n<!-- /${kind} -->`;
    }),
  ]);
  if (missing.size > 0) throw new Error(`spec/ lacks the blocks ${[...missing].join(', ')}`);
  return new Map(written);
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url))
  for (const [name, text] of await printed(await pages())) await writeFile(join(FOLDER, name), text);
