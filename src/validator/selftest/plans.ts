import { postgres, sqlite, type Vector } from './vector.ts';

/** Plans that no plan file can say, and engines that do not agree. */
export const PLANS: readonly Vector[] = [
  ...(['boundary', 'delta', 'masked', 'bounded'] as const).flatMap((field) => [
    sqlite(`plan-${field}-twice`, [['PLAN_MISMATCH', `plan/${field}`]], ({ plan }) => {
      const list: unknown[] = field === 'boundary' ? plan.boundary.tables : plan[field];
      list.unshift(list[0]);
    }),
    sqlite(`plan-${field}-in-another-order`, [['PLAN_MISMATCH', `plan/${field}`]], ({ plan }) => {
      if (field === 'bounded') plan.bounded.push({ effect: 'sequence', name: 'a', reason: 'it sorts first' });
      else if (field === 'boundary') plan.boundary.tables.reverse();
      else plan[field].reverse();
    }),
  ]),
  ...(['masked', 'bounded'] as const).map((field) =>
    sqlite(`plan-${field}-without-a-reason`, [['PLAN_MISMATCH', `plan/${field}`]], ({ plan }) => {
      plan[field][0]!.reason = ' ';
    }),
  ),
  sqlite('plan-expects-an-update', [['PLAN_MISMATCH', 'plan/delta/births']], ({ plan }) => {
    plan.delta[0]!.updated = 1;
  }),
  sqlite('plan-expects-a-deletion', [['PLAN_MISMATCH', 'plan/delta/births']], ({ plan }) => {
    plan.delta[0]!.deleted = 1;
  }),
  sqlite('plan-expects-nothing-of-a-table', [['PLAN_MISMATCH', 'plan/delta/births']], ({ plan }) => {
    plan.delta[0]!.inserted = 0;
  }),
  sqlite('plan-delta-outside-its-boundary', [['PLAN_MISMATCH', 'plan/delta/births']], ({ plan }) => {
    plan.boundary.tables.shift();
  }),
  sqlite(
    'plan-of-another-engine',
    ['engine', 'entry', 'legs/T/after'].map((path) => ['PLAN_MISMATCH', path] as const),
    ({ plan }) => {
      plan.engine = 'postgres';
    },
  ),
  postgres(
    'plan-of-another-engine',
    ['engine', 'entry', 'legs/T/after', 'legs/T/back'].map((path) => ['PLAN_MISMATCH', path] as const),
    ({ plan }) => {
      plan.engine = 'sqlite';
    },
  ),
  sqlite('rehearsal-of-another-engine', [['PLAN_MISMATCH', 'engine']], ({ rehearsal }) => {
    rehearsal.engine = 'postgres';
  }),
];
