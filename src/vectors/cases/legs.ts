import type { Draft } from '../draft.ts';
import { LEGS, sqlite, sqliteFull, type Expected, type Vector } from '../vector.ts';

/** Said once more: what a vector expects does not come from what it tests. */
const CODES = {
  'executor-changed': 'EXECUTOR_CHANGED',
  'preflight-failed': 'PREFLIGHT_FAILED',
  'before-diverged': 'BEFORE_DIVERGED',
  'delta-differs': 'DELTA_UNEXPECTED',
  'false-done': 'FALSE_DONE',
} as const;
const TRIGGERS = Object.keys(CODES) as (keyof typeof CODES)[];

/** Legs that are missing, in another order, not ended as they must, stopped by a trigger, or put away. */
export const LEG_FAULTS: readonly Vector[] = [
  ...(['T', 'R', 'S'] as const).flatMap((leg) => [
    sqliteFull(`transaction-open-${leg}`, [['TRANSACTION_OPEN', `legs/${leg}`]], (d) => {
      d.leg(leg).open = true;
    }),
    sqliteFull(`ended-failed-${leg}`, [['TRANSACTION_LOST', `legs/${leg}/ended`]], (d) => {
      d.leg(leg).ended = 'failed';
    }),
    sqliteFull(`ended-aborted-by-nothing-${leg}`, [['TRANSACTION_LOST', `legs/${leg}/ended`]], (d) => {
      d.leg(leg).ended = 'aborted';
    }),
    sqliteFull(`ended-otherwise-${leg}`, [['TRANSACTION_LOST', `legs/${leg}/ended`]], (d) => {
      d.leg(leg).ended = leg === 'T' ? 'committed' : 'rolled-back';
    }),
    sqliteFull(`leg-missing-${leg}`, [['LEG_MISSING', `legs/${leg}`]], (d) => {
      d.rehearsal.legs = d.rehearsal.legs.filter((l) => l.leg !== leg);
    }),
    sqliteFull(`quarantined-${leg}`, [['CLONE_QUARANTINED', `legs/${leg}`]], (d) => {
      d.leg(leg).quarantined = true;
    }),
    ...TRIGGERS.flatMap((trigger) => [
      sqliteFull(`triggered-${trigger}-${leg}`, [[CODES[trigger], `legs/${leg}/trigger`]], (d) => {
        d.leg(leg).trigger = trigger;
      }),
      sqliteFull(`aborted-${trigger}-${leg}`, [[CODES[trigger], `legs/${leg}/trigger`]], (d) => {
        Object.assign(d.leg(leg), { trigger, ended: 'aborted' });
      }),
    ]),
  ]),
  ...TRIGGERS.map((trigger) =>
    sqlite(`triggered-${trigger}-before-any-leg`, [[CODES[trigger], 'trigger']], ({ rehearsal }) => {
      rehearsal.trigger = trigger;
    }),
  ),
  // As the runner leaves it: a trigger before anything was applied, and no further leg.
  sqlite(
    'stopped-before-it-applied',
    [
      ['EXECUTOR_CHANGED', 'legs/T/trigger'],
      ['LEG_MISSING', 'legs/R'],
      ...['births', 'notes', 'tokens'].map((table): Expected => ['DELTA_UNEXPECTED', `delta/${table}`]),
    ],
    (d) => {
      stop(d, 'executor-changed');
      Object.assign(d.leg('T'), { after: null, preflight: [] });
      d.rehearsal.delta = [];
    },
  ),
  sqlite(
    'stopped-while-it-was-applied',
    [
      ['FALSE_DONE', 'legs/T/trigger'],
      ['LEG_MISSING', 'legs/R'],
    ],
    (d) => stop(d, 'false-done'),
  ),
  sqlite(
    'legs-none',
    LEGS.map((leg) => ['LEG_MISSING', `legs/${leg}`] as const),
    (d) => {
      d.rehearsal.legs = [];
    },
  ),
  sqlite('legs-reversed', [['LEG_ORDER', 'legs']], (d) => {
    d.rehearsal.legs.reverse();
  }),
  sqliteFull('legs-in-another-order', [['LEG_ORDER', 'legs']], (d) => {
    d.rehearsal.legs = ['S', 'T', 'R'].map((leg) => d.leg(leg));
  }),
  sqlite('leg-twice', [['LEG_ORDER', 'legs']], (d) => {
    d.rehearsal.legs.unshift({ ...d.leg('T') });
  }),
  sqlite('leg-a-thousand-times', [['LEG_ORDER', 'legs']], (d) => {
    d.rehearsal.legs = Array.from({ length: 1_000 }, () => ({ ...d.leg('T') }));
  }),
  sqlite('legs-planned-twice', [['LEG_ORDER', 'plan/legs']], (d) => {
    d.plan.legs = ['T', 'T', 'R'];
  }),
  sqlite(
    'leg-of-a-rollback-script-that-is-nowhere',
    [
      ['LEG_ORDER', 'legs'],
      ['LEG_ORDER', 'plan/legs'],
    ],
    (d) => {
      d.rehearsal.legs.push({ ...d.leg('R'), leg: 'S', identical: null });
      d.plan.legs.push('S');
    },
  ),
  sqliteFull('plan-without-the-leg-of-its-rollback-script', [['LEG_ORDER', 'plan/legs']], (d) => {
    d.plan.legs = ['T', 'R'];
  }),
  sqlite('plan-without-legs', [['LEG_ORDER', 'plan/legs']], (d) => {
    d.plan.legs = [];
  }),
  sqlite(
    'legs-all-missing-and-unplanned',
    [['LEG_ORDER', 'plan/legs'], ...LEGS.map((leg): Expected => ['LEG_MISSING', `legs/${leg}`])],
    (d) => {
      d.plan.legs = [];
      d.rehearsal.legs = [];
    },
  ),
];

function stop(d: Draft, trigger: keyof typeof CODES): void {
  Object.assign(d.leg('T'), { trigger, ended: 'aborted' });
  d.rehearsal.legs.pop();
}
