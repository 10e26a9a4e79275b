import { describe, expect, it } from 'vitest';
import { makeWorld } from '../../scripts/spec/world.ts';
import { decodeKind, KINDS, type AnyObject, type Kind, type ObjectOf } from '../../src/objects/kinds.ts';
import { Link, rawLink } from '../../src/objects/link.ts';
import { putObject } from '../../src/objects/sink.ts';
import { ObjectsCheck } from '../../src/verify/objects.ts';

const { objects, examples } = makeWorld();
const example = <K extends Kind>(kind: K): ObjectOf<K> =>
  decodeKind(kind, objects.get(examples[kind].digest));

const { packet, policy, rerun, run, snapshot } = examples;
const who = { kind: 'entry', v: 2, author: 'ada', lane: 'l', message: '', time: 0 } as const;
const ENTRIES: readonly ObjectOf<'entry'>[] = [
  { ...who, type: 'policy', policy },
  { ...who, type: 'packet', packet },
  { ...who, type: 'snapshot', snapshot },
  { ...who, type: 'rehearsal', packet, run },
  { ...who, type: 'rerun', rerun },
];
const links = [...example('packet').links, ['verdict-2', examples.verdict] as [string, Link]];

/** With every link that their kind can have. */
const LINKING: readonly AnyObject[] = [
  ...(['file', 'table', 'snapshot', 'tree', 'validator', 'plan', 'probes'] as const).map(example),
  ...(['rehearsal', 'run', 'verdict', 'rerun'] as const).map(example),
  { ...example('packet'), links },
  { ...example('checkpoint'), previous: examples.checkpoint },
  { ...example('policy'), previous: policy },
  ...ENTRIES,
];
/** Lists are looked at from what their root is of, and the log by who walks it. */
const WALKED: readonly Kind[] = ['bundle', 'chunks', 'head', 'node', 'record', 'rows'];
/** Links to what a walk opens, which names the object that it finds there. */
const OPENED = /^(file chunks|table root|snapshot (facts\/[a-z]+|tables)|run program\/files|packet tree)$/;

/** Nothing links it but the log. */
const other = putObject(objects, { kind: 'bundle', v: 2, level: 0, first: 0, entries: [] });

/** What an object is with another link in the place of each of its own, by the path of that. */
function* relinked(
  value: unknown,
  path: readonly string[] = [],
): Generator<[path: string, changed: unknown]> {
  if (value instanceof Link) yield [path.join('/'), other];
  else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array))
    for (const [key, inner] of Object.entries(value))
      for (const [at, changed] of relinked(inner, [...path, key]))
        yield [at, Array.isArray(value) ? value.with(Number(key), changed) : { ...value, [key]: changed }];
}

async function found(root: Link): Promise<[code: string, path: string][]> {
  const check = new ObjectsCheck({ get: async (id) => objects.get(id) });
  await check.reach([root], 'root');
  return check.findings.map(({ code, path }) => [code, path]);
}

it('every kind is here, or is walked', () => {
  expect([...new Set([...LINKING.map(({ kind }) => kind), ...WALKED])].sort()).toEqual(KINDS.toSorted());
});

describe.each(
  LINKING.map((object) => ['type' in object ? `entry ${object.type}` : object.kind, object] as const),
)('what a link leads to: %s', (name, object) => {
  it('is of its kind', async () => {
    expect(await found(putObject(objects, object))).toEqual([]);
  });

  it.each([...relinked(object)])('is of another kind: %s', async (path, changed) => {
    const root = putObject(objects, changed as AnyObject);
    const at = OPENED.test(`${name} ${path}`) ? other : root;
    expect(await found(root)).toContainEqual(['OBJECT_INVALID', at.digest]);
  });
});

it.each<[string, AnyObject]>([
  ['a rehearsal', { ...example('packet'), links: [['rehearsal', rawLink(examples.rehearsal.digest)]] }],
  ['a verdict', { ...example('packet'), links: [['verdict', rawLink(examples.verdict.digest)]] }],
  ['a snapshot', { ...example('run'), afters: [['T', rawLink(snapshot.digest)]] }],
])('%s that is linked as bytes', async (_, object) => {
  const root = putObject(objects, object);
  expect(await found(root)).toEqual([['OBJECT_INVALID', root.digest]]);
});
