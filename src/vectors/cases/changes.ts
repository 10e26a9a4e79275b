import { encode } from '../../objects/codec.ts';
import {
  birth,
  counter,
  DEFINITION_DIFFERENCES,
  inBoth,
  notes,
  sequence,
  stock,
  unchanged,
} from '../edits.ts';
import type { Entry } from '../draft.ts';
import { LEGS, postgres, sqlite, sqliteFull, type Expected, type Vector } from '../vector.ts';

/** Faults in what changed: nothing, more than was expected, or something that the boundary forbids. */
export const CHANGES: readonly Vector[] = [
  sqlite('nothing-changed', [...unchanged('T'), ...unchanged('R')], (d) => {
    d.setAfter(d.rehearsal.entry);
  }),
  sqlite(
    'nothing-expected-and-nothing-changed',
    LEGS.map((leg) => ['NO_REAL_CHANGE', `legs/${leg}/after`] as const),
    (d) => {
      d.plan.delta = [];
      d.rehearsal.delta = [];
      d.setAfter(d.rehearsal.entry);
    },
  ),
  sqlite('nothing-but-a-sequence-changed', [...unchanged('T'), ...unchanged('R')], (d) => {
    d.setAfter(d.editPart(d.rehearsal.entry, 'sequence', () => [counter('births', '3')]));
  }),
  sqlite('after-states-differ-in-a-sequence', [['AFTER_STATES_DIFFER', 'legs/R/after']], (d) => {
    d.leg('R').after = d.editPart(d.after, 'sequence', () => [counter('births', '4')]);
  }),

  ...DEFINITION_DIFFERENCES.map(([name, path, edit]) =>
    sqlite(`after-${name}`, inBoth(['BOUNDARY_EXCEEDED', `after/${path}`]), (d) => {
      d.setAfter(edit(d, d.after));
    }),
  ),
  sqlite(
    'after-row-updated',
    inBoth(['DELTA_UNEXPECTED', 'delta/births'], ['BOUNDARY_EXCEEDED', 'after/births']),
    (d) => {
      d.setAfter(d.editRows(d.after, 'births', (rows) => [birth(1n, 'other'), ...rows.slice(1)]));
    },
  ),
  sqlite(
    'after-row-deleted',
    inBoth(['DELTA_UNEXPECTED', 'delta/births'], ['BOUNDARY_EXCEEDED', 'after/births']),
    (d) => {
      d.setAfter(d.editRows(d.after, 'births', (rows) => rows.slice(1)));
    },
  ),
  sqlite(
    'after-multiset-row-deleted',
    inBoth(['DELTA_UNEXPECTED', 'delta/notes'], ['BOUNDARY_EXCEEDED', 'after/notes']),
    (d) => {
      d.setAfter(d.editRows(d.after, 'notes', () => notes('seen', 'born', 'born')));
    },
  ),
  sqlite(
    'after-row-in-another-table',
    inBoth(['DELTA_UNEXPECTED', 'delta/stock'], ['BOUNDARY_EXCEEDED', 'after/stock']),
    (d) => {
      d.setAfter(d.editRows(d.after, 'stock', (rows) => [...rows, stock(900n)]));
    },
  ),
  // What the plan allows in one table it allows nowhere else, and no more than it expects.
  sqliteFull(
    'after-row-updated-beyond-what-is-allowed',
    inAll(['DELTA_UNEXPECTED', 'delta/births'], ['BOUNDARY_EXCEEDED', 'after/births']),
    (d) => {
      d.setAfter(d.editRows(d.after, 'births', (rows) => [birth(1n, 'other'), ...rows.slice(1)]));
    },
  ),
  sqliteFull(
    'after-row-deleted-beyond-what-is-allowed',
    inAll(['DELTA_UNEXPECTED', 'delta/births'], ['BOUNDARY_EXCEEDED', 'after/births']),
    (d) => {
      d.setAfter(d.editRows(d.after, 'births', (rows) => rows.slice(1)));
    },
  ),
  sqliteFull('after-one-more-updated-than-expected', inAll(['DELTA_UNEXPECTED', 'delta/stock']), (d) => {
    d.setAfter(d.editRows(d.after, 'stock', (rows) => [stock(0n, 'sold'), ...rows.slice(1)]));
  }),
  ...(['update', 'delete'] as const).map((action) =>
    sqliteFull(
      `after-${action}-that-is-not-allowed`,
      [
        ['DELTA_UNEXPECTED', 'delta/stock'],
        ...inAll(['DELTA_UNEXPECTED', 'delta/stock'], ['BOUNDARY_EXCEEDED', 'after/stock']),
      ],
      ({ plan }) => {
        plan.boundary.allow = plan.boundary.allow.filter((allowed) => allowed.action !== action);
        plan.delta.find(({ table }) => table === 'stock')![action === 'update' ? 'updated' : 'deleted'] = 0;
      },
    ),
  ),
  sqlite('after-row-missing', inBoth(['DELTA_UNEXPECTED', 'delta/births']), (d) => {
    d.setAfter(d.editRows(d.after, 'births', (rows) => rows.slice(0, 2)));
    d.setAfter(d.editTable(d.after, 'births', (t) => void (t.masked = [])));
  }),
  sqlite('after-multiset-once-more', inBoth(['DELTA_UNEXPECTED', 'delta/notes']), (d) => {
    d.setAfter(d.editRows(d.after, 'notes', () => notes('seen', 'seen', 'born', 'born', 'born')));
  }),
  sqlite(
    'table-outside-the-boundary-of-the-plan',
    inBoth(['BOUNDARY_EXCEEDED', 'after/stock'], ['DELTA_UNEXPECTED', 'delta/stock']),
    (d) => {
      d.setAfter(d.editRows(d.after, 'stock', (rows) => [...rows, stock(900n)]));
    },
  ),
  sqlite(
    'table-that-may-change-but-was-not-expected-to',
    inBoth(['DELTA_UNEXPECTED', 'delta/stock']),
    (d) => {
      d.plan.boundary.tables.splice(2, 0, 'stock');
      d.setAfter(d.editRows(d.after, 'stock', (rows) => [...rows, stock(900n)]));
    },
  ),
  sqlite('claimed-delta-differs', [['DELTA_UNEXPECTED', 'delta/births']], (d) => {
    d.rehearsal.delta[0]!.inserted = 2;
  }),
  sqlite('claimed-delta-without-a-table', [['DELTA_UNEXPECTED', 'delta/births']], (d) => {
    d.rehearsal.delta.shift();
  }),
  sqlite('claimed-delta-with-a-table-more', [['DELTA_UNEXPECTED', 'delta/zero']], (d) => {
    d.rehearsal.delta.push({ table: 'zero', inserted: 0, updated: 0, deleted: 0 });
  }),
  sqlite('claimed-delta-huge', [['DELTA_UNEXPECTED', 'delta/births']], (d) => {
    d.rehearsal.delta[0]!.inserted = Number.MAX_SAFE_INTEGER;
  }),
  sqlite('claimed-delta-twice', [['DELTA_UNEXPECTED', 'delta']], (d) => {
    d.rehearsal.delta.unshift({ ...d.rehearsal.delta[0]! });
  }),
  sqlite('claimed-delta-in-another-order', [['DELTA_UNEXPECTED', 'delta']], (d) => {
    d.rehearsal.delta.reverse();
  }),
  sqlite(
    'planned-delta-differs',
    [['DELTA_UNEXPECTED', 'delta/births'], ...inBoth(['DELTA_UNEXPECTED', 'delta/births'])],
    (d) => {
      d.plan.delta[0]!.inserted = 2;
    },
  ),

  ...(
    [
      ['removed', () => []],
      ['of-another-table', (entries) => [...entries, counter('stock', '9')]],
      ['backwards', () => [counter('births', '1')]],
      ['no-number', () => [counter('births', "'x'")]],
    ] satisfies [string, (entries: Entry[]) => Entry[]][]
  ).map(([name, edit]) =>
    sqlite(
      `after-sequence-${name}`,
      inBoth(['BOUNDARY_EXCEEDED', `after/sequence/${name === 'of-another-table' ? 'stock' : 'births'}`]),
      (d) => {
        d.setAfter(d.editPart(d.after, 'sequence', edit));
      },
    ),
  ),
  ...(
    [
      ['backwards', '1', 't'],
      ['no-number', 'x', 't'],
      ['not-called', '3', 'maybe'],
    ] as const
  ).map(([name, value, called]) =>
    postgres(
      `after-sequence-${name}`,
      [
        ...inBoth(['BOUNDARY_EXCEEDED', 'after/sequence/public.births_id_seq']),
        ['ROLLBACK_NOT_EXACT', 'legs/T/back/sequence/public.births_id_seq'],
      ],
      (d) => {
        d.setAfter(
          d.editPart(d.after, 'sequence', (e) =>
            e.map((entry, i) => (i === 0 ? sequence('public.births_id_seq', value, called) : entry)),
          ),
        );
      },
    ),
  ),
  // The same text when it is printed, in other pairs.
  postgres(
    'back-sequence-in-another-form',
    [['ROLLBACK_NOT_EXACT', 'legs/T/back/sequence/public.births_id_seq']],
    (d) => {
      d.leg('T').back = d.editPart(d.rehearsal.entry, 'sequence', (e) => [
        [e[0]![0], encode([['last_value', '3\nis_called: t']])],
        e[1]!,
      ]);
    },
  ),
  postgres(
    'back-sequence-beyond-what-the-leg-moved',
    [['ROLLBACK_NOT_EXACT', 'legs/T/back/sequence/public.births_id_seq']],
    (d) => {
      const { back } = d.leg('T');
      if (!back) return;
      d.leg('T').back = d.editPart(back, 'sequence', (e) =>
        e.map((entry, i) => (i === 0 ? sequence('public.births_id_seq', '900', 't') : entry)),
      );
    },
  ),
  ...(['removed', 'added'] as const).map((name) =>
    postgres(
      `after-sequence-${name}`,
      inBoth(['BOUNDARY_EXCEEDED', `after/sequence/public.${name === 'added' ? 'new' : 'other'}_seq`]),
      (d) => {
        d.setAfter(
          d.editPart(d.after, 'sequence', (e) =>
            name === 'added' ? [...e, counter('public.new_seq', '1')] : e.slice(0, 1),
          ),
        );
      },
    ),
  ),
];

function inAll(...expected: Expected[]): Expected[] {
  return ['T', 'R', 'S'].flatMap((leg) =>
    expected.map(([code, path]): Expected => [code, `legs/${leg}/${path}`]),
  );
}
