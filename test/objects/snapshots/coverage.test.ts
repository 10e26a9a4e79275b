import { describe, expect, it } from 'vitest';
import { decodeKind, type ObjectOf } from '../../../src/objects/kinds.ts';
import type { Link } from '../../../src/objects/link.ts';
import { MemoryObjects } from '../../../src/objects/memory-objects.ts';
import { walkMap } from '../../../src/objects/map-walk.ts';
import { MapBuilder } from '../../../src/objects/merkle-map.ts';
import { decodeKeyText } from '../../../src/objects/rows/key-text.ts';
import { putObject } from '../../../src/objects/sink.ts';
import { coverageFaults } from '../../../src/objects/snapshots/coverage.ts';
import { deltaOf } from '../../../src/objects/snapshots/delta.ts';
import { diffSnapshots } from '../../../src/objects/snapshots/diff.ts';
import { resultOf } from '../../../src/objects/walk.ts';
import { itemsOf } from '../support.ts';
import { captureModel, EMPTY, people } from './snapshot-models.ts';

type Snapshot = ObjectOf<'snapshot'>;
type LeftOut = Snapshot['coverage']['without'][number];

const objects = new MemoryObjects();
const a = captureModel(objects, {
  ...people({ 1: 'x' }),
  facts: { v: '1' },
  schema: { i: '1' },
  sequences: { s: '1' },
}).snapshot;
const b = captureModel(objects, {
  ...people({ 1: 'y' }),
  facts: { v: '2' },
  schema: { i: '2' },
  sequences: { s: '2' },
}).snapshot;

const out = (kind: string, name: string, column: string | null = null): LeftOut => ({ kind, name, column });
const stateOf = (link: Link): Snapshot => decodeKind('snapshot', objects.get(link.digest));
/** A state without what was left out; of columns the caller sees to that. */
const looked = (link: Link, list: number, ...without: LeftOut[]): Link => {
  const { facts, tables, ...state } = stateOf(link);
  const rest = (kind: string, map: Link): Link => {
    const gone = without.filter((left) => left.kind === kind && left.column === null).map(({ name }) => name);
    const builder = new MapBuilder(objects);
    for (const { key, row } of itemsOf(walkMap(map), objects))
      if (!gone.includes(decodeKeyText(key).join(' '))) builder.addBounded(key, row);
    return builder.finish().root;
  };
  return putObject(objects, {
    ...state,
    facts: Object.fromEntries(Object.entries(facts).map(([kind, map]) => [kind, rest(kind, map)])),
    tables: rest('table', tables),
    coverage: { list, without },
  });
};
/** What is compared, then what is not. */
const compared = (x: Link, y: Link): string[] =>
  itemsOf(diffSnapshots(x, y), objects).map((change) => {
    if (change.part === 'row') return `row ${change.table.name}`;
    return change.part === 'fact' ? `${change.class} ${change.name}` : `${change.part} ${change.name}`;
  });
const ALL = ['database v', 'schema index i', 'sequence s', 'row people'];

describe('snapshots that did not look at the same', () => {
  it('say so, and compare what both looked at', () => {
    expect(compared(a, b)).toEqual(ALL);
    for (const [left, gone] of [
      [out('table', 'people'), 'row people'],
      [out('schema', 'index i'), 'schema index i'],
      [out('sequence', 's'), 'sequence s'],
      [out('database', 'v'), 'database v'],
    ] as const) {
      const note = `coverage ${left.kind} ${left.name}`;
      const rest = ALL.filter((what) => what !== gone);
      expect(compared(looked(a, 1, left), b)).toEqual([note, ...rest]);
      expect(compared(a, looked(b, 1, left))).toEqual([note, ...rest]);
    }
  });

  it('a table of which both left out the same column is compared, else it is not', () => {
    const left = out('table', 'people', 'name');
    const of = (name: string, columns: string[]): Link =>
      captureModel(objects, people({ 1: name }, columns)).snapshot;
    const [x, y] = [of('x', ['id']), of('y', ['id'])];
    expect(compared(looked(x, 1, left), looked(y, 1, left))).toEqual(['row people']);
    expect(compared(looked(x, 1, left), of('y', ['id', 'name']))).toEqual([
      'coverage table people column name',
    ]);
    const more = out('table', 'people', 'id');
    expect(compared(looked(x, 1, left), looked(of('', []), 1, more, left))).toEqual([
      'coverage table people column id',
    ]);
  });

  it('a class that a later list looks at is not compared', () => {
    const state = stateOf(b);
    const later = putObject(objects, {
      ...state,
      coverage: { list: 2, without: [] },
      facts: { ...state.facts, zone: state.facts['schema']! },
    });
    expect(compared(a, later)).toEqual(['coverage class zone', 'coverage list', ...ALL]);
    expect(resultOf(deltaOf(later, a), objects.get).others.slice(0, 2)).toEqual([
      {
        part: 'coverage',
        name: 'class zone',
        change: 'changed',
        before: 'looked at',
        after: 'not looked at',
      },
      { part: 'coverage', name: 'list', change: 'changed', before: '2', after: '1' },
    ]);
  });

  it('are never equal', () => {
    const left = out('table', 'elsewhere');
    expect(compared(a, looked(a, 1, left))).toEqual(['coverage table elsewhere']);
    expect(compared(a, looked(a, 2))).toEqual(['coverage list']);
    expect(compared(looked(a, 1, left), looked(a, 1, left))).toEqual([]);
  });
});

describe('what a snapshot says of what it looked at', () => {
  const state = stateOf(captureModel(objects, EMPTY).snapshot);
  const { sequence, ...fewer } = state.facts;
  const zone = sequence!;

  it('holds for what is captured, also where things were left out, and for a later list', () => {
    const without = [
      out('schema', 'view v'),
      out('table', 'a'),
      out('table', 'a', ''),
      out('table', 'a', 'x'),
      out('table', 'b'),
    ];
    expect(coverageFaults(state)).toEqual([]);
    expect(coverageFaults({ ...state, coverage: { list: 1, without } })).toEqual([]);
    expect(
      coverageFaults({ ...state, facts: { ...state.facts, zone }, coverage: { list: 2, without: [] } }),
    ).toEqual([]);
  });

  it.each<[string, Partial<Snapshot>]>([
    ['a list that never was', { coverage: { list: 0, without: [] } }],
    ['a class missing', { facts: fewer }],
    ['a class that its list does not have', { facts: { ...state.facts, zone } }],
    [
      'a class with a name like no other',
      { coverage: { list: 2, without: [] }, facts: { ...state.facts, 'a b': zone } },
    ],
    ['a class called row', { coverage: { list: 2, without: [] }, facts: { ...state.facts, row: zone } }],
    ['a thing of no class left out', { coverage: { list: 1, without: [out('zone', 'x')] } }],
    ['a column of a fact left out', { coverage: { list: 1, without: [out('schema', 'view v', 'x')] } }],
    ['a thing left out twice', { coverage: { list: 1, without: [out('table', 'a'), out('table', 'a')] } }],
    [
      'a column before its table',
      { coverage: { list: 1, without: [out('table', 'a', 'x'), out('table', 'a')] } },
    ],
  ])('%s is a fault', (_, change) => {
    expect(coverageFaults({ ...state, ...change })).toHaveLength(1);
  });
});
