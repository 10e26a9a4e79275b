import { encode } from '../../objects/codec.ts';
import { encodeKey } from '../../objects/rows/key.ts';
import type { Link } from '../../objects/link.ts';
import type { Draft, Entry } from '../draft.ts';
import { LEGS, sqlite, type Expected, type Vector } from '../vector.ts';

const AFTER = 'legs/T/after';

/** Snapshots that contradict themselves, or stand where something else is due. Equal in every leg, so nothing differs. */
export const SNAPSHOTS: readonly Vector[] = [
  sqlite('facts-twice', [['EVIDENCE_MALFORMED', `${AFTER}/facts`]], (d) =>
    d.setAfter(d.editSnapshot(d.after, ({ facts }) => void facts.push(['user_version', '7']))),
  ),
  sqlite('facts-unsorted', [['EVIDENCE_MALFORMED', `${AFTER}/facts`]], (d) =>
    d.setAfter(d.editSnapshot(d.after, ({ facts }) => void facts.reverse())),
  ),
  sqlite(
    'before-facts-unsorted',
    [
      ['EVIDENCE_MALFORMED', 'entry/facts'],
      ['EVIDENCE_MALFORMED', `${AFTER}/facts`],
    ],
    (d) => {
      d.setBefore(d.editSnapshot(d.rehearsal.entry, ({ facts }) => void facts.reverse()));
      d.setAfter(d.editSnapshot(d.after, ({ facts }) => void facts.reverse()));
    },
  ),
  ...LEGS.flatMap((leg) =>
    (['start', 'after', 'back'] as const).map((field) =>
      sqlite(
        `facts-unsorted-${leg}-${field}`,
        [['EVIDENCE_MALFORMED', `legs/${leg}/${field}/facts`]],
        (d) => {
          d.leg(leg)[field] = d.editSnapshot(d.leg(leg)[field]!, ({ facts }) => void facts.reverse());
        },
      ),
    ),
  ),
  sqlite('schema-key-of-one-name', [['EVIDENCE_MALFORMED', `${AFTER}/schema`]], (d) =>
    d.setAfter(d.editPart(d.after, 'schema', (e) => [...e, named('view')])),
  ),
  sqlite('sequence-key-of-two-names', [['EVIDENCE_MALFORMED', `${AFTER}/sequences`]], (d) =>
    d.setAfter(d.editPart(d.after, 'sequences', (e) => [...e, named('a', 'b')])),
  ),
  sqlite('sequence-key-that-is-no-name', [['EVIDENCE_MALFORMED', `${AFTER}/sequences`]], (d) =>
    d.setAfter(d.editPart(d.after, 'sequences', (e) => [[encodeKey([1n]), encode([])], ...e])),
  ),
  sqlite(
    'schema-entry-links-a-table',
    [
      ['EVIDENCE_MALFORMED', `${AFTER}/schema`],
      ['EVIDENCE_MALFORMED', `${AFTER}/schema`],
    ],
    (d) =>
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
      ['is-text', encode('x')],
      ['has-a-number', encode([['seq', 3]])],
      ['has-three-parts', encode([['seq', '3', '']])],
    ] as const
  ).map(([name, bytes]) =>
    sqlite(`sequence-that-${name}`, [['EVIDENCE_MALFORMED', `${AFTER}/sequences`]], (d) =>
      d.setAfter(d.editPart(d.after, 'sequences', () => [[encodeKey(['births']), bytes]])),
    ),
  ),
  sqlite('schema-is-no-map', [['EVIDENCE_MALFORMED', `${AFTER}/schema`]], (d) =>
    d.setAfter(d.editSnapshot(d.after, (s) => void (s.schema = d.rehearsal.entry))),
  ),
  sqlite('tables-are-no-map', [['EVIDENCE_MALFORMED', `${AFTER}/tables`]], (d) =>
    d.setAfter(d.editSnapshot(d.after, (s) => void (s.tables = d.put(d.table(d.after, 'births'))))),
  ),
  sqlite(
    'table-is-bytes',
    [
      ['EVIDENCE_MALFORMED', `${AFTER}/tables`],
      ['EVIDENCE_MALFORMED', `${AFTER}/tables`],
    ],
    (d) => d.setAfter(d.editPart(d.after, 'tables', () => [named('births')])),
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
  sqlite('row-count-too-high', tableFault('stock'), (d) => both(d, 'stock', (t) => void (t.rows += 1))),
  sqlite('row-count-huge', tableFault('stock'), (d) =>
    both(d, 'stock', (t) => void (t.rows = Number.MAX_SAFE_INTEGER)),
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
        [['PLAN_MISMATCH', `legs/${leg}/${field}`], ...emptyTables(`legs/${leg}/${field}`)],
        (d) => {
          d.leg(leg)[field] = d.editSnapshot(d.leg(leg)[field]!, (s) => void (s.engine = 'postgres'));
        },
      ),
    ),
  ),
];

/** A snapshot of the other engine whose tables are those of this one. */
function emptyTables(path: string): Expected[] {
  return ['births', 'notes', 'stock', 'tokens'].map((table) => ['EVIDENCE_MALFORMED', `${path}/${table}`]);
}

/** A fault of a table that is in the before-state and in what came of it. */
function tableFault(table: string): Expected[] {
  return ['entry', AFTER].map((path) => ['EVIDENCE_MALFORMED', `${path}/${table}`]);
}

type EditTable = Parameters<Draft['editTable']>[2];

function both(d: Draft, table: string, edit: EditTable): void {
  d.setBefore(d.editTable(d.rehearsal.entry, table, edit));
  d.setAfter(d.editTable(d.after, table, edit));
}

function named(...names: string[]): Entry {
  return [encodeKey(names), encode([['sql', 'x']])];
}
