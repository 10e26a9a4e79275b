import { describe, expect, it } from 'vitest';
import { decode, encode, type Value } from '../../../src/objects/codec.ts';
import { deltaOf } from '../../../src/objects/snapshots/delta.ts';
import { encodeKey, integerKey } from '../../../src/objects/rows/key.ts';
import { decodeKind, type ObjectOf } from '../../../src/objects/kinds.ts';
import type { Link } from '../../../src/objects/link.ts';
import { walkMap } from '../../../src/objects/map-walk.ts';
import { MemoryObjects } from '../../../src/objects/memory-objects.ts';
import { putObject } from '../../../src/objects/sink.ts';
import { SnapshotBuilder } from '../../../src/objects/snapshots/builder.ts';
import { diffSnapshots, readTable, type Table } from '../../../src/objects/snapshots/diff.ts';
import { resultOf } from '../../../src/objects/walk.ts';
import { buildMap, hex, itemsOf, utf8 } from '../support.ts';

import { captureModel, people } from './snapshot-models.ts';
import { refusedWith } from '../../support/refusals.ts';

describe('a malformed snapshot', () => {
  const objects = new MemoryObjects();
  const { snapshot } = captureModel(objects, { ...people({ 1: 'x', 2: 'y' }), facts: { a: '1', b: '2' } });
  const other = captureModel(objects, people({ 1: 'x', 3: 'z' })).snapshot;
  const state = decodeKind('snapshot', objects.get(snapshot.digest));
  const [entry] = itemsOf(walkMap(state.tables), objects);
  const table = resultOf(readTable(entry!.row), objects.get);
  const withState = (change: Partial<ObjectOf<'snapshot'>>): Link =>
    putObject(objects, { ...state, ...change });
  const withSchema = (schema: Link): Link => withState({ facts: { ...state.facts, schema } });
  const withTable = (change: Partial<Table>, name = 'people'): Link =>
    withState({
      tables: buildMap(
        objects,
        new Map([[hex(encodeKey([name])), putObject(objects, { ...table, ...change })]]),
      ),
    });

  it('the one that the faults start from is read', () => {
    expect(withTable({}).equals(snapshot)).toBe(true);
    expect(itemsOf(diffSnapshots(snapshot, other), objects)).toHaveLength(4);
  });

  it.each<[string, Link, string]>([
    ['a table with fewer rows than it says', withTable({ rows: 3 }), 'TREE_MALFORMED'],
    ['a table with more rows than it says', withTable({ rows: 1 }), 'TREE_MALFORMED'],
    ['a table under the name of another', withTable({ name: 'animals' }), 'TREE_MALFORMED'],
    ['a table under another name', withTable({}, 'animals'), 'TREE_MALFORMED'],
    [
      'a table that is bytes',
      withState({ tables: buildMap(objects, new Map([[hex(encodeKey(['people'])), utf8('x')]])) }),
      'TREE_MALFORMED',
    ],
    [
      'a table of another kind',
      withState({
        tables: buildMap(objects, new Map([[hex(encodeKey(['people'])), state.facts['schema']!]])),
      }),
      'OBJECT_KIND_UNEXPECTED',
    ],
    [
      'a schema object whose name is no text',
      withSchema(buildMap(objects, new Map([[hex(integerKey(1n)), encode([])]]))),
      'ROW_MALFORMED',
    ],
    [
      'a definition that is no object',
      withSchema(buildMap(objects, new Map([[hex(encodeKey(['a'])), utf8('\xff')]]))),
      'OBJECT_NOT_CANONICAL',
    ],
    ...(
      [
        ['a number', 3],
        ['a list of texts', ['a']],
        ['a pair of three', [['a', 'b', 'c']]],
        ['a pair with a number', [['a', 1]]],
      ] as const
    ).map(([what, value]): [string, Link, string] => [
      `a definition that is ${what}`,
      withSchema(buildMap(objects, new Map([[hex(encodeKey(['a'])), encode(value as Value)]]))),
      'TREE_MALFORMED',
    ]),
    ['another kind', state.tables, 'OBJECT_KIND_UNEXPECTED'],
  ])('%s', (_, link, code) => {
    expect(refusedWith(() => itemsOf(diffSnapshots(other, link), objects))).toBe(code);
    expect(refusedWith(() => itemsOf(diffSnapshots(link, other), objects))).toBe(code);
  });

  it('the same rows under two counts', () => {
    expect(refusedWith(() => itemsOf(diffSnapshots(snapshot, withTable({ rows: 3 })), objects))).toBe(
      'TREE_MALFORMED',
    );
  });

  it('a row of a multiset without a count is not counted as none', () => {
    const multiset = (row: Uint8Array): Link =>
      withTable({
        key: { type: 'multiset', columns: [] },
        rows: 1,
        root: buildMap(objects, new Map([['aa', row]])),
      });
    expect(
      refusedWith(() => resultOf(deltaOf(multiset(utf8('\x01x')), multiset(utf8('\0x'))), objects.get)),
    ).toBe('ROW_MALFORMED');
  });

  it('a definition is pairs, as it was given', () => {
    const builder = new SnapshotBuilder(objects, 'sqlite');
    builder.schema('view', 'v', [
      ['sql', 'SELECT 1'],
      ['comment', ''],
    ]);
    const found = decodeKind('snapshot', objects.get(builder.finish().snapshot.digest));
    const [view] = itemsOf(walkMap(found.facts['schema']!), objects);
    expect(hex(view!.key)).toBe(hex(encodeKey(['view', 'v'])));
    expect(decode(view!.row as Uint8Array)).toEqual([
      ['sql', 'SELECT 1'],
      ['comment', ''],
    ]);
  });
});
