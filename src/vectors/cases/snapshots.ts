import { encode } from '../../objects/codec.ts';
import { encodeKey } from '../../objects/rows/key.ts';
import type { ObjectOf } from '../../objects/kinds.ts';
import type { Link } from '../../objects/link.ts';
import type { Draft, Entry } from '../draft.ts';
import { LEGS, sqlite, type Expected, type Vector } from '../vector.ts';

const AFTER = 'legs/T/after';

type Coverage = ObjectOf<'snapshot'>['coverage'];
type EditSnapshot = Parameters<Draft['editSnapshot']>[1];

const out = (kind: string, name: string, column: string | null = null) => ({ kind, name, column });

/** What was left out, and is there. */
const PRESENT: readonly [name: string, left: Coverage['without'][number], part: string][] = [
  ['table', out('table', 'stock'), 'stock'],
  ['column', out('table', 'stock', 'part'), 'stock'],
  ['schema-object', out('schema', 'index births_name'), 'schema'],
  ['sequence', out('sequence', 'births'), 'sequence'],
];

/** What a snapshot cannot say of what it looked at. */
const COVERAGES: readonly [name: string, edit: EditSnapshot][] = [
  ['list-0', (s) => void (s.coverage.list = 0)],
  ['class-missing', (s) => void (s.facts = without(s.facts, 'sequence'))],
  ['class-that-the-list-has-not', (s) => void (s.facts = { ...s.facts, zone: s.facts['schema']! })],
  [
    'class-of-a-later-list-without-a-name',
    (s) => void ([s.coverage.list, s.facts] = [2, { ...s.facts, Zone: s.facts['schema']! }]),
  ],
  [
    'class-of-a-later-list-called-table',
    (s) => void ([s.coverage.list, s.facts] = [2, { ...s.facts, table: s.facts['schema']! }]),
  ],
  ['left-out-of-no-kind', (s) => void (s.coverage.without = [out('zone', 'x')])],
  ['left-out-column-of-a-fact', (s) => void (s.coverage.without = [out('schema', 'view v', 'x')])],
  ['left-out-twice', (s) => void (s.coverage.without = [out('table', 'x'), out('table', 'x')])],
  ['left-out-descends', (s) => void (s.coverage.without = [out('table', 'x'), out('schema', 'view v')])],
];

/** What one state may look at and another not. */
const UNLIKE: readonly [name: string, edit: EditSnapshot][] = [
  ['left-a-table-out', (s) => void (s.coverage.without = [out('table', 'elsewhere')])],
  ['left-a-column-out', (s) => void (s.coverage.without = [out('table', 'elsewhere', 'x')])],
  ['left-a-fact-out', (s) => void (s.coverage.without = [out('schema', 'view v')])],
  ['of-a-later-list', (s) => void (s.coverage.list = 2)],
  [
    'of-a-class-more',
    (s) => void ([s.coverage.list, s.facts] = [2, { ...s.facts, zone: s.facts['schema']! }]),
  ],
];

function without<T>(map: Readonly<Record<string, T>>, key: string): Record<string, T> {
  return Object.fromEntries(Object.entries(map).filter(([name]) => name !== key));
}

/** The same in every state of a rehearsal, so that none differs in it from another. */
function everywhere(d: Draft, edit: EditSnapshot): void {
  d.setBefore(d.editSnapshot(d.rehearsal.entry, edit));
  d.setAfter(d.editSnapshot(d.after, edit));
}

function inAll(part: string): Expected[] {
  return ['entry', AFTER].map((path) => ['EVIDENCE_MALFORMED', `${path}/${part}`]);
}

function atField(leg: string, field: string): Expected[] {
  return [['EVIDENCE_MALFORMED', `legs/${leg}/${field}`]];
}

/** Snapshots that contradict themselves, or stand where something else is due. Equal in every leg, so nothing differs. */
export const SNAPSHOTS: readonly Vector[] = [
  ...COVERAGES.map(([name, edit]) =>
    sqlite(
      `coverage-${name}`,
      [
        ['EVIDENCE_MALFORMED', 'entry'],
        ['EVIDENCE_MALFORMED', AFTER],
      ],
      (d) => everywhere(d, (s) => edit(s)),
    ),
  ),
  ...PRESENT.map(([name, left, part]) =>
    sqlite(`left-out-and-there-${name}`, inAll(part).slice(0, part === 'sequence' ? 2 : 1), (d) =>
      everywhere(d, (s) => void (s.coverage.without = [left])),
    ),
  ),
  ...LEGS.flatMap((leg) =>
    (['start', 'after', 'back'] as const).map((field) =>
      sqlite(`coverage-list-0-${leg}-${field}`, atField(leg, field), (d) => {
        d.leg(leg)[field] = d.editSnapshot(d.leg(leg)[field]!, (s) => void (s.coverage.list = 0));
      }),
    ),
  ),
  ...UNLIKE.map(([name, edit]) =>
    sqlite(`coverage-of-the-after-state-${name}`, [['COVERAGE_DIFFERS', AFTER]], (d) =>
      d.setAfter(d.editSnapshot(d.after, (s) => edit(s))),
    ),
  ),
  ...LEGS.map((leg) =>
    sqlite(`coverage-of-the-way-back-${leg}`, [['COVERAGE_DIFFERS', `legs/${leg}/back`]], (d) => {
      d.leg(leg).back = d.editSnapshot(d.rehearsal.entry, (s) => UNLIKE[0]![1](s));
    }),
  ),
  sqlite('schema-key-of-one-name', [['EVIDENCE_MALFORMED', `${AFTER}/schema`]], (d) =>
    d.setAfter(d.editPart(d.after, 'schema', (e) => [...e, named('view')])),
  ),
  sqlite('sequence-key-of-two-names', [['EVIDENCE_MALFORMED', `${AFTER}/sequence`]], (d) =>
    d.setAfter(d.editPart(d.after, 'sequence', (e) => [...e, named('a', 'b')])),
  ),
  sqlite('sequence-key-that-is-no-name', [['EVIDENCE_MALFORMED', `${AFTER}/sequence`]], (d) =>
    d.setAfter(d.editPart(d.after, 'sequence', (e) => [[encodeKey([1n]), encode([])], ...e])),
  ),
  sqlite('schema-entry-links-a-table', [['EVIDENCE_MALFORMED', `${AFTER}/schema`]], (d) =>
    d.setAfter(
      d.editPart(d.after, 'schema', (e) => [
        ...e,
        [encodeKey(['view', 'v']), d.put(d.table(d.after, 'births'))],
      ]),
    ),
  ),
  ...(
    [
      ['is-bytes', Uint8Array.of(0xff)],
      ['is-a-number', encode(3)],
      ['has-a-number', encode([['seq', 3]])],
      ['has-three-parts', encode([['seq', '3', '']])],
    ] as const
  ).map(([name, bytes]) =>
    sqlite(`sequence-that-${name}`, [['EVIDENCE_MALFORMED', `${AFTER}/sequence`]], (d) =>
      d.setAfter(d.editPart(d.after, 'sequence', () => [[encodeKey(['births']), bytes]])),
    ),
  ),
  sqlite('schema-is-no-map', [['EVIDENCE_MALFORMED', `${AFTER}/schema`]], (d) =>
    d.setAfter(d.editSnapshot(d.after, (s) => void (s.facts = { ...s.facts, schema: d.rehearsal.entry }))),
  ),
  sqlite('tables-are-no-map', [['EVIDENCE_MALFORMED', `${AFTER}/tables`]], (d) =>
    d.setAfter(d.editSnapshot(d.after, (s) => void (s.tables = d.put(d.table(d.after, 'births'))))),
  ),
  sqlite('table-is-bytes', [['EVIDENCE_MALFORMED', `${AFTER}/tables`]], (d) =>
    d.setAfter(d.editPart(d.after, 'tables', () => [named('births')])),
  ),
  sqlite('table-is-a-snapshot', [['EVIDENCE_MALFORMED', `${AFTER}/tables`]], (d) =>
    d.setAfter(d.editPart(d.after, 'tables', (e) => [...e, [encodeKey(['z']), d.rehearsal.entry]])),
  ),
  sqlite('table-under-another-name', [['EVIDENCE_MALFORMED', `${AFTER}/births`]], (d) =>
    d.setAfter(d.editPart(d.after, 'tables', (e) => [...e, [encodeKey(['z']), e[0]![1]]])),
  ),
  sqlite('table-of-another-engine', tableFault('tokens'), (d) =>
    both(d, 'tokens', (t) => void (t.engine = 'postgres')),
  ),
  sqlite('table-in-another-format', tableFault('tokens'), (d) =>
    both(d, 'tokens', (t) => void (t.format = 'postgres-copy')),
  ),
  sqlite('columns-of-one-name', tableFault('stock'), (d) =>
    both(d, 'stock', (t) => void (t.columns[1]!.name = 'id')),
  ),
  sqlite('key-column-unknown', tableFault('stock'), (d) =>
    both(d, 'stock', (t) => void (t.key.columns = ['gone'])),
  ),
  sqlite('key-column-twice', tableFault('stock'), (d) =>
    both(d, 'stock', (t) => void (t.key.columns = ['id', 'id'])),
  ),
  sqlite('key-without-columns', tableFault('stock'), (d) =>
    both(d, 'stock', (t) => void (t.key.columns = [])),
  ),
  sqlite('columns-without-a-key', tableFault('stock'), (d) =>
    both(d, 'stock', (t) => void (t.key.type = 'rowid')),
  ),
  sqlite('masked-column-unknown', tableFault('stock'), (d) =>
    both(d, 'stock', (t) => void (t.masked = ['gone'])),
  ),
  sqlite('masked-column-twice', tableFault('stock'), (d) =>
    both(d, 'stock', (t) => void (t.masked = ['part', 'part'])),
  ),
  sqlite('masked-columns-unsorted', tableFault('stock'), (d) =>
    both(d, 'stock', (t) => void (t.masked = ['part', 'id'])),
  ),
  ...([1, Number.MAX_SAFE_INTEGER - 10] as const).map((more) =>
    sqlite(`row-count-too-high-by-${more}`, [['EVIDENCE_MALFORMED', AFTER]], (d) =>
      d.setAfter(d.editTable(d.after, 'births', (t) => void (t.rows += more))),
    ),
  ),
  ...(
    [
      ['entry', ['entry'], (d, link) => void (d.rehearsal.entry = link)],
      ['exit', ['exit'], (d, link) => void (d.rehearsal.exit = link)],
      ['image', ['image/restored'], (d, link) => void (d.rehearsal.image.restored = link)],
    ] satisfies [string, string[], (d: Draft, link: Link) => void][]
  ).map(([name, [path], set]) =>
    sqlite(`${name}-is-a-table`, [['EVIDENCE_MALFORMED', path!]], (d) =>
      set(d, d.put(d.table(d.after, 'births'))),
    ),
  ),
  ...LEGS.flatMap((leg) =>
    (['start', 'after', 'back'] as const).map((field) =>
      sqlite(`${leg}-${field}-is-a-table`, [['EVIDENCE_MALFORMED', `legs/${leg}/${field}`]], (d) => {
        d.leg(leg)[field] = d.put(d.table(d.after, 'births'));
      }),
    ),
  ),
  ...LEGS.flatMap((leg) =>
    (['start', 'after', 'back'] as const).map((field) =>
      sqlite(
        `${leg}-${field}-of-another-engine`,
        [['PLAN_MISMATCH', `legs/${leg}/${field}`], ...(field === 'after' ? changedTables(leg) : [])],
        (d) => {
          d.leg(leg)[field] = d.editSnapshot(d.leg(leg)[field]!, (s) => void (s.engine = 'postgres'));
        },
      ),
    ),
  ),
];

/** A snapshot of the other engine whose tables are those of this one. */
function changedTables(leg: string): Expected[] {
  return ['births', 'notes', 'tokens'].map((table) => ['EVIDENCE_MALFORMED', `legs/${leg}/after/${table}`]);
}

/** A fault of a table that is in the before-state, and in what came of it where that is another one. */
function tableFault(table: string): Expected[] {
  const places = table === 'stock' ? ['entry'] : ['entry', AFTER];
  return places.map((path) => ['EVIDENCE_MALFORMED', `${path}/tables`]);
}

type EditTable = Parameters<Draft['editTable']>[2];

function both(d: Draft, table: string, edit: EditTable): void {
  d.setBefore(d.editTable(d.rehearsal.entry, table, edit));
  d.setAfter(d.editTable(d.after, table, edit));
}

function named(...names: string[]): Entry {
  return [encodeKey(names), encode([['sql', 'x']])];
}
