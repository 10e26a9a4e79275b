import { encodeKey } from '../../objects/rows/key.ts';
import type { Link } from '../../objects/link.ts';
import { multisetEntries } from '../../objects/rows/multiset.ts';
import { MASKED } from '../../objects/rows/masked.ts';
import { engineRow, type Cell } from '../states.ts';
import type { Draft, Entry } from '../draft.ts';
import { inBoth } from '../edits.ts';
import { LEGS, postgres, sqlite, type Expected, type Vector } from '../vector.ts';

const HIDDEN = inState('stock');

/** Values that are left out where nobody declared it, or where nothing may be left out. */
export const MASKS: readonly Vector[] = [
  sqlite(
    'mask-not-declared',
    inBoth(['MASK_UNDECLARED', 'after/births'], ['MASK_UNDECLARED', 'after/births/born']),
    (d) => {
      d.plan.masked.shift();
    },
  ),
  sqlite(
    'mask-declared-for-another-table',
    inBoth(['MASK_UNDECLARED', 'after/births'], ['MASK_UNDECLARED', 'after/births/born']),
    (d) => {
      d.plan.masked[0]!.table = 'artists';
    },
  ),
  sqlite(
    'mask-in-another-column',
    inBoth(['MASK_UNDECLARED', 'after/births'], ['MASK_UNDECLARED', 'after/births/name']),
    (d) => {
      const named = d.editTable(d.after, 'births', (table) => void (table.masked = ['name', 'born']));
      d.setAfter(
        d.editRows(named, 'births', (rows) => [
          ...rows.slice(0, 2),
          row(encodeKey([3n]), 3n, MASKED, MASKED),
        ]),
      );
    },
  ),
  sqlite('mask-that-the-table-does-not-name', [['EVIDENCE_MALFORMED', 'legs/T/after/births']], (d) => {
    d.setAfter(d.editTable(d.after, 'births', (table) => void (table.masked = [])));
  }),
  sqlite('mask-that-no-row-holds', inBoth(['MASK_UNDECLARED', 'after/births']), (d) => {
    d.setAfter(
      d.editRows(d.after, 'births', (rows) => [
        ...rows.slice(0, 2),
        row(encodeKey([3n]), 3n, 'name 3', '2026-02-02'),
      ]),
    );
  }),
  sqlite(
    'mask-in-a-multiset',
    inBoth(['MASK_UNDECLARED', 'after/notes'], ['MASK_UNDECLARED', 'after/notes/note']),
    (d) => {
      d.setAfter(
        d.editRows(d.after, 'notes', () =>
          multisetEntries((['seen', 'seen', 'born', MASKED] as Cell[]).map((n) => engineRow('sqlite', [n]))),
        ),
      );
      d.setAfter(d.editTable(d.after, 'notes', (table) => void (table.masked = ['note'])));
    },
  ),
  sqlite(
    'mask-over-an-earlier-row',
    inBoth(['BOUNDARY_EXCEEDED', 'after/births'], ['DELTA_UNEXPECTED', 'delta/births']),
    (d) => {
      d.setAfter(
        d.editRows(d.after, 'births', (rows) => [
          row(encodeKey([1n]), 1n, 'name 1', MASKED),
          ...rows.slice(1),
        ]),
      );
    },
  ),
  sqlite('before-state-masked-and-named', HIDDEN, (d) => hide(d, ['part'])),
  sqlite('before-state-masked-although-declared', HIDDEN, (d) => {
    d.plan.masked.splice(1, 0, { table: 'stock', column: 'part', reason: 'to hide it' });
    hide(d, ['part']);
  }),
  sqlite('before-state-names-a-mask', inState('tokens'), (d) => {
    d.setBefore(d.editTable(d.rehearsal.entry, 'tokens', (table) => void (table.masked = ['token'])));
  }),
  ...LEGS.map((leg) =>
    sqlite(
      `back-names-a-mask-${leg}`,
      [
        ['MASK_UNDECLARED', `legs/${leg}/back/tokens`],
        ['ROLLBACK_NOT_EXACT', `legs/${leg}/back`],
      ],
      (d) => {
        d.leg(leg).back = d.editTable(
          d.rehearsal.entry,
          'tokens',
          (table) => void (table.masked = ['token']),
        );
      },
    ),
  ),
  ...LEGS.map((leg) =>
    sqlite(
      `back-masked-${leg}`,
      [
        ['MASK_UNDECLARED', `legs/${leg}/back/births`],
        ['ROLLBACK_NOT_EXACT', `legs/${leg}/back/births`],
      ],
      (d) => {
        const named = d.editTable(d.rehearsal.entry, 'births', (table) => void (table.masked = ['born']));
        d.leg(leg).back = d.editRows(named, 'births', (rows) => [
          row(encodeKey([1n]), 1n, 'name 1', MASKED),
          ...rows.slice(1),
        ]);
      },
    ),
  ),
  postgres(
    'rolled-back-hides-a-form-behind-a-bounded-sequence',
    [
      ['MASK_UNDECLARED', 'legs/T/back/public.tokens'],
      ['ROLLBACK_NOT_EXACT', 'legs/T/back'],
    ],
    (d) => {
      d.leg('T').back = d.editTable(
        d.leg('T').back!,
        'public.tokens',
        (table) => void (table.masked = ['token']),
      );
    },
  ),
];

function inState(table: string): Expected[] {
  return [['MASK_UNDECLARED', `entry/${table}`]];
}

/** Leaves a value of the before-state out, everywhere, so that nothing differs because of it. */
function hide(d: Draft, names: string[]): void {
  const edit = (state: Link): Link =>
    d.editTable(
      d.editRows(state, 'stock', (rows) => [row(rows[0]![0], 0n, MASKED), ...rows.slice(1)]),
      'stock',
      (table) => void (table.masked = names),
    );
  d.setBefore(edit(d.rehearsal.entry));
  d.setAfter(edit(d.after));
}

function row(key: Uint8Array, ...values: Cell[]): Entry {
  return [key, engineRow('sqlite', values)];
}
