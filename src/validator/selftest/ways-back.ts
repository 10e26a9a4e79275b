import { counter, DEFINITION_DIFFERENCES, other, ROW_DIFFERENCES, unchanged } from './edits.ts';
import { LEGS, postgres, sqlite, type Expected, type Vector } from './vector.ts';

/** Faults in the states that should be the before-state, and in what one leg alone ends in. */
export const WAYS_BACK: readonly Vector[] = [
  ...LEGS.flatMap((leg) => [
    ...[...ROW_DIFFERENCES, ...DEFINITION_DIFFERENCES].map(([name, path, edit]) =>
      sqlite(
        `back-${name}-${leg}`,
        [...gone(name, `legs/${leg}/back`), ['ROLLBACK_NOT_EXACT', `legs/${leg}/back/${path}`]],
        (d) => {
          d.leg(leg).back = edit(d, d.rehearsal.entry);
        },
      ),
    ),
    sqlite(
      `back-sequence-moved-${leg}`,
      [['ROLLBACK_NOT_EXACT', `legs/${leg}/back/sequence/births`]],
      (d) => {
        d.leg(leg).back = d.editPart(d.rehearsal.entry, 'sequences', () => [counter('births', '3')]);
      },
    ),
    sqlite(`back-missing-${leg}`, [['ROLLBACK_NOT_EXACT', `legs/${leg}/back`]], (d) => {
      d.leg(leg).back = null;
    }),
    sqlite(`bytes-differ-${leg}`, [['ROLLBACK_NOT_EXACT', `legs/${leg}/identical`]], (d) => {
      d.leg(leg).identical = false;
    }),
    sqlite(`bytes-not-compared-${leg}`, [['ROLLBACK_NOT_EXACT', `legs/${leg}/identical`]], (d) => {
      d.leg(leg).identical = null;
    }),
    postgres(`bytes-claimed-${leg}`, [['ROLLBACK_NOT_EXACT', `legs/${leg}/identical`]], (d) => {
      d.leg(leg).identical = true;
    }),
    sqlite(`start-is-not-the-before-state-${leg}`, [['IMAGE_UNVERIFIED', `legs/${leg}/start`]], (d) => {
      d.leg(leg).start = other(d);
    }),
    sqlite(
      `after-missing-${leg}`,
      [
        ['AFTER_STATES_DIFFER', 'legs/R/after'],
        ['NO_REAL_CHANGE', `legs/${leg}/after`],
      ],
      (d) => {
        d.leg(leg).after = null;
      },
    ),
    sqlite(`after-is-before-${leg}`, [['AFTER_STATES_DIFFER', 'legs/R/after'], ...unchanged(leg)], (d) => {
      d.leg(leg).after = d.rehearsal.entry;
    }),
  ]),
  sqlite('image-not-restored', [['IMAGE_UNVERIFIED', 'image/restored']], (d) => {
    d.rehearsal.image.restored = other(d);
  }),
  sqlite('exit-differs', [['ENTRY_EXIT_DIFFERS', 'exit']], (d) => {
    d.rehearsal.exit = other(d);
  }),
  sqlite(
    'entry-differs',
    [
      ['ENTRY_EXIT_DIFFERS', 'exit'],
      ['IMAGE_UNVERIFIED', 'image/restored'],
      ['IMAGE_UNVERIFIED', 'legs/R/start'],
      ['IMAGE_UNVERIFIED', 'legs/T/start'],
      ['ROLLBACK_NOT_EXACT', 'legs/R/back/fact/user_version'],
      ['ROLLBACK_NOT_EXACT', 'legs/T/back/fact/user_version'],
      ['BOUNDARY_EXCEEDED', 'legs/R/after/fact/user_version'],
      ['BOUNDARY_EXCEEDED', 'legs/T/after/fact/user_version'],
    ],
    (d) => {
      d.rehearsal.entry = other(d);
    },
  ),
  postgres(
    'rolled-back-sequence-not-bounded',
    [['ROLLBACK_NOT_EXACT', 'legs/T/back/sequence/public.births_id_seq']],
    (d) => {
      d.plan.bounded = [];
    },
  ),
  postgres(
    'rolled-back-other-sequence',
    [['ROLLBACK_NOT_EXACT', 'legs/T/back/sequence/public.other_seq']],
    (d) => {
      d.leg('T').back = d.editPart(d.leg('T').back!, 'sequences', (e) => [
        e[0]!,
        counter('public.other_seq', '9'),
      ]);
    },
  ),
  postgres(
    'rolled-back-bounded-sequence-gone',
    [['ROLLBACK_NOT_EXACT', 'legs/T/back/sequence/public.births_id_seq']],
    (d) => {
      d.leg('T').back = d.editPart(d.leg('T').back!, 'sequences', (e) => e.slice(1));
    },
  ),
  postgres(
    'restored-sequence-moved',
    [['ROLLBACK_NOT_EXACT', 'legs/R/back/sequence/public.births_id_seq']],
    (d) => {
      d.leg('R').back = d.leg('T').back;
    },
  ),
  postgres('bounded-name-of-a-table', [['ROLLBACK_NOT_EXACT', 'legs/T/back/public.stock']], (d) => {
    d.plan.bounded.push({ effect: 'sequence', name: 'public.stock', reason: 'misused' });
    d.leg('T').back = d.editRows(d.leg('T').back!, 'public.stock', (rows) => rows.slice(1));
  }),
  sqlite('bounded-counter-of-sqlite', [['ROLLBACK_NOT_EXACT', 'legs/T/back/sequence/births']], (d) => {
    d.plan.bounded = [{ effect: 'sequence', name: 'births', reason: 'SQLite undoes it' }];
    d.leg('T').back = d.editPart(d.rehearsal.entry, 'sequences', () => [counter('births', '3')]);
  }),
];

/** A table that is gone or has other columns shows in its rows too. */
function gone(name: string, path: string): Expected[] {
  const table = { 'table-gone': 'stock', 'column-renamed': 'tokens', 'column-type': 'tokens' }[name];
  return table === undefined ? [] : [['ROLLBACK_NOT_EXACT', `${path}/${table}`]];
}
