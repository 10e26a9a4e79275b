import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deltaOf } from '../../../src/objects/snapshots/delta.ts';
import { encodeKey } from '../../../src/objects/rows/key.ts';
import type { Link } from '../../../src/objects/link.ts';
import { MemoryObjects } from '../../../src/objects/memory-objects.ts';
import { multisetEntries, multisetValue } from '../../../src/objects/rows/multiset.ts';
import { encodeRecord } from '../../../src/objects/rows/sqlite-record.ts';
import { sha256Bytes } from '../../../src/objects/sha256.ts';
import { SnapshotBuilder } from '../../../src/objects/snapshots/builder.ts';
import { resultOf } from '../../../src/objects/walk.ts';
import { refusedWith } from '../../support/refusals.ts';

type Rows = [Uint8Array, Uint8Array][];
const objects = new MemoryObjects();

function snapshot(
  tables: Readonly<Record<string, { rows: Rows; multiset?: boolean; columns?: string[] }>>,
  more: (builder: SnapshotBuilder) => void = () => undefined,
): Link {
  const builder = new SnapshotBuilder(objects, 'sqlite');
  for (const [name, { rows, multiset = false, columns = ['a'] }] of Object.entries(tables)) {
    const table = builder.table({
      name,
      format: 'sqlite-record',
      columns: columns.map((column) => ({ name: column, type: '' })),
      key: multiset ? { type: 'multiset', columns: [] } : { type: 'declared', columns: [columns[0]!] },
    });
    for (const [key, row] of rows) table.add(key, row);
    table.close();
  }
  more(builder);
  return builder.finish().snapshot;
}

const bag = (texts: readonly string[]): Rows => multisetEntries(texts.map((text) => encodeRecord([text])));
const keyed = (model: ReadonlyMap<string, string>): Rows =>
  [...model]
    .sort(([a], [b]) => Buffer.compare(encodeKey([a]), encodeKey([b])))
    .map(([key, value]) => [encodeKey([key]), encodeRecord([key, value])]);
const delta = (a: Link, b: Link) => resultOf(deltaOf(a, b), objects.get);

describe('deltaOf', () => {
  it('counts the rows of a multiset as often as they occur', () => {
    const texts = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 });
    fc.assert(
      fc.property(texts, texts, (before, after) => {
        const count = (list: string[], text: string): number => list.filter((t) => t === text).length;
        const gains = ['a', 'b', 'c', 'd'].map((text) => count(after, text) - count(before, text));
        const inserted = gains.filter((n) => n > 0).reduce((a, b) => a + b, 0);
        const deleted = gains.filter((n) => n < 0).reduce((a, b) => a - b, 0);
        const { tables } = delta(
          snapshot({ t: { rows: bag(before), multiset: true } }),
          snapshot({ t: { rows: bag(after), multiset: true } }),
        );
        expect(tables).toEqual(
          inserted + deleted === 0 ? [] : [{ table: 't', inserted, updated: 0, deleted }],
        );
      }),
    );
  });

  it('counts inserted, updated and deleted rows of a keyed table', () => {
    const model = fc
      .array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.constantFrom('x', 'y')))
      .map((list) => new Map(list));
    fc.assert(
      fc.property(model, model, (before, after) => {
        const inserted = [...after.keys()].filter((key) => !before.has(key)).length;
        const deleted = [...before.keys()].filter((key) => !after.has(key)).length;
        const updated = [...after].filter(([key, v]) => before.has(key) && before.get(key) !== v).length;
        const { tables } = delta(
          snapshot({ t: { rows: keyed(before), columns: ['k', 'v'] } }),
          snapshot({ t: { rows: keyed(after), columns: ['k', 'v'] } }),
        );
        expect(tables).toEqual(
          inserted + updated + deleted === 0 ? [] : [{ table: 't', inserted, updated, deleted }],
        );
      }),
    );
  });

  it('lists tables by the bytes of their names', () => {
    const one = { rows: keyed(new Map([['a', 'x']])), columns: ['k', 'v'] };
    const { tables, others } = delta(snapshot({}), snapshot({ b: one, Z: one, ä: one, a: one }));
    expect(tables.map(({ table }) => table)).toEqual(['Z', 'a', 'b', 'ä']);
    expect(others.map(({ part, name, change }) => [part, name, change])).toEqual(
      ['Z', 'a', 'b', 'ä'].map((name) => ['table', name, 'added']),
    );
  });

  it('says what happened to facts, schema objects and sequences, and what they said', () => {
    const before = snapshot({}, (b) => {
      b.fact('user_version', '1');
      b.schema('view', 'gone', [['sql', 'x']]);
      b.sequence('s', [['seq', '1']]);
    });
    const after = snapshot({}, (b) => {
      b.fact('user_version', '2');
      b.schema('view', 'new', [['sql', 'y']]);
      b.sequence('s', [['seq', '2']]);
    });
    expect(delta(before, after)).toEqual({
      tables: [],
      others: [
        { part: 'database', name: 'user_version', change: 'changed', before: '1', after: '2' },
        { part: 'schema', name: 'view gone', change: 'removed', before: 'sql: x', after: undefined },
        { part: 'schema', name: 'view new', change: 'added', before: undefined, after: 'sql: y' },
        { part: 'sequence', name: 's', change: 'changed', before: 'seq: 1', after: 'seq: 2' },
      ],
    });
  });

  it('counts every row of a table whose columns changed', () => {
    const rows = keyed(
      new Map([
        ['a', 'x'],
        ['b', 'x'],
      ]),
    );
    const { tables, others } = delta(
      snapshot({ t: { rows, columns: ['k', 'v'] } }),
      snapshot({ t: { rows, columns: ['k', 'w'] } }),
    );
    expect(tables).toEqual([{ table: 't', inserted: 2, updated: 0, deleted: 2 }]);
    expect(others).toEqual([
      { part: 'table', name: 't', change: 'changed', before: undefined, after: undefined },
    ]);
  });

  it.each<[string, Rows, Rows]>([
    ['without a count', [], [[sha256Bytes(Uint8Array.of(0)), Uint8Array.of(0)]]],
    [
      'whose key stands for another row',
      bag(['a']),
      [[bag(['a'])[0]![0], multisetValue(encodeRecord(['b']), 2)]],
    ],
    [
      'whose key stands for another row, as often',
      bag(['a']),
      [[bag(['a'])[0]![0], multisetValue(encodeRecord(['b']), 1)]],
    ],
  ])('refuses a row of a multiset %s', (_, before, after) => {
    const table = (rows: Rows): Link => snapshot({ t: { rows, multiset: true } });
    expect(refusedWith(() => delta(table(before), table(after)))).toBe('ROW_MALFORMED');
  });
});
