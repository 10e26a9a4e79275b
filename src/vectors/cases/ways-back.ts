import {
  applied,
  birth,
  counter,
  DEFINITION_DIFFERENCES,
  ROW_DIFFERENCES,
  sequence,
  unchanged,
} from '../edits.ts';
import { LEGS, postgres, postgresFull, sqlite, sqliteFull, type Expected, type Vector } from '../vector.ts';

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
        d.leg(leg).back = d.editPart(d.rehearsal.entry, 'sequence', () => [counter('births', '3')]);
      },
    ),
    sqlite(`back-is-what-was-applied-${leg}`, [['ROLLBACK_ASSUMED', `legs/${leg}/back`]], (d) => {
      d.leg(leg).back = applied(d);
    }),
    sqlite(`back-with-a-row-left-${leg}`, [['ROLLBACK_NOT_EXACT', `legs/${leg}/back/births`]], (d) => {
      d.leg(leg).back = d.editRows(d.rehearsal.entry, 'births', (rows) => [...rows, birth(3n, 'name 3')]);
    }),
    sqlite(`back-not-compared-${leg}`, [['ROLLBACK_UNCOMPARED', `legs/${leg}/back`]], (d) => {
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
      d.leg('T').back = d.editPart(d.leg('T').back!, 'sequence', (e) => [
        e[0]!,
        counter('public.other_seq', '9'),
      ]);
    },
  ),
  postgres(
    'rolled-back-bounded-sequence-gone',
    [['ROLLBACK_NOT_EXACT', 'legs/T/back/sequence/public.births_id_seq']],
    (d) => {
      d.leg('T').back = d.editPart(d.leg('T').back!, 'sequence', (e) => e.slice(1));
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
    d.leg('T').back = d.editPart(d.rehearsal.entry, 'sequence', () => [counter('births', '3')]);
  }),
  // A rollback script must bring back as much as any other way.
  ...[...ROW_DIFFERENCES, ...DEFINITION_DIFFERENCES].map(([name, path, edit]) =>
    sqliteFull(
      `back-${name}-S`,
      [...gone(name, 'legs/S/back'), ['ROLLBACK_NOT_EXACT', `legs/S/back/${path}`]],
      (d) => {
        d.leg('S').back = edit(d, d.leg('S').back!);
      },
    ),
  ),
  sqliteFull('back-is-what-was-applied-S', [['ROLLBACK_ASSUMED', 'legs/S/back']], (d) => {
    d.leg('S').back = applied(d);
  }),
  sqliteFull('back-not-compared-S', [['ROLLBACK_UNCOMPARED', 'legs/S/back']], (d) => {
    d.leg('S').back = null;
  }),
  ...([true, false] as const).map((identical) =>
    sqliteFull(`bytes-claimed-S-${identical}`, [['ROLLBACK_NOT_EXACT', 'legs/S/identical']], (d) => {
      d.leg('S').identical = identical;
    }),
  ),
  sqliteFull(
    'after-missing-S',
    [
      ['AFTER_STATES_DIFFER', 'legs/S/after'],
      ['NO_REAL_CHANGE', 'legs/S/after'],
    ],
    (d) => {
      Object.assign(d.leg('S'), { after: null, back: d.rehearsal.entry });
    },
  ),
  sqliteFull('back-sequence-not-bounded-S', [['ROLLBACK_NOT_EXACT', 'legs/S/back/sequence/births']], (d) => {
    d.plan.bounded = [];
  }),
  sqliteFull(
    'back-sequence-beyond-what-the-leg-moved-S',
    [['ROLLBACK_NOT_EXACT', 'legs/S/back/sequence/births']],
    (d) => {
      d.leg('S').back = d.editPart(d.rehearsal.entry, 'sequence', () => [counter('births', '900')]);
    },
  ),
  sqliteFull('back-sequence-gone-S', [['ROLLBACK_NOT_EXACT', 'legs/S/back/sequence/births']], (d) => {
    d.leg('S').back = d.editPart(d.rehearsal.entry, 'sequence', () => []);
  }),
  sqliteFull('restored-sequence-moved-R', [['ROLLBACK_NOT_EXACT', 'legs/R/back/sequence/births']], (d) => {
    d.leg('R').back = d.leg('S').back;
  }),
  sqliteFull('rolled-back-sequence-moved-T', [['ROLLBACK_NOT_EXACT', 'legs/T/back/sequence/births']], (d) => {
    d.leg('T').back = d.leg('S').back;
  }),
  postgresFull(
    'back-other-sequence-S',
    [['ROLLBACK_NOT_EXACT', 'legs/S/back/sequence/public.other_seq']],
    (d) => {
      d.leg('S').back = d.editPart(d.rehearsal.entry, 'sequence', (e) => [
        e[0]!,
        sequence('public.other_seq', '9', 't'),
      ]);
    },
  ),
  sqliteFull('accepted-rollback-that-puts-the-counter-back', [], (d) => {
    d.leg('S').back = d.rehearsal.entry;
  }),
  postgresFull('accepted-rollback-that-puts-the-counter-back', [], (d) => {
    d.leg('S').back = d.rehearsal.entry;
  }),
  sqliteFull('accepted-counter-that-was-not-there-before', [], (d) => {
    const none = d.editPart(d.rehearsal.entry, 'sequence', () => []);
    d.setBefore(none);
  }),
];

/** A table that is gone or has other columns shows in its rows too. */
function gone(name: string, path: string): Expected[] {
  const table = { 'table-gone': 'stock', 'column-renamed': 'tokens', 'column-type': 'tokens' }[name];
  return table === undefined ? [] : [['ROLLBACK_NOT_EXACT', `${path}/${table}`]];
}
