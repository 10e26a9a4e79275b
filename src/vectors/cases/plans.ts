import { otherHash } from '../draft.ts';
import { postgres, sqlite, sqliteFull, type Expected, type Vector } from '../vector.ts';

const mismatch = (...fields: string[]): Expected[] =>
  fields.map((field) => ['PLAN_MISMATCH', `plan/${field}`] as const);

/** What no plan file may say, whatever it is about. */
const UNREADABLE: Expected[] = [['EVIDENCE_MALFORMED', 'plan/document']];

/** Plans that no plan file may be, whatever says them, and engines that do not agree. */
export const PLANS: readonly Vector[] = [
  ...(['masked', 'bounded', 'preflight'] as const).map((field) =>
    sqliteFull(`plan-${field}-twice`, mismatch(field), ({ plan, rehearsal }) => {
      const list: unknown[] = plan[field];
      list.splice(1, 0, list[0]);
      // Asked as planned, so that only the plan is wrong.
      rehearsal.preflight = plan.preflight.map((gate, i) => ({
        ...gate,
        actual: i < plan.preflight.length - 1 ? '2' : 'SURROGATE',
        ok: true,
      }));
    }),
  ),
  sqlite('plan-boundary-twice', mismatch('boundary'), ({ plan }) => {
    plan.boundary.tables.unshift(plan.boundary.tables[0]!);
  }),
  sqliteFull('plan-allow-twice', mismatch('boundary/allow'), ({ plan: { boundary } }) => {
    boundary.allow.unshift({ ...boundary.allow[0]! });
  }),
  sqliteFull('plan-postcondition-twice', mismatch('postconditions'), ({ plan, rehearsal }) => {
    plan.postconditions.push({ ...plan.postconditions[2]! });
    rehearsal.baseline.push({ ...rehearsal.baseline[2]! });
    for (const leg of rehearsal.legs) leg.postconditions.push({ ...leg.postconditions[2]! });
  }),
  sqliteFull('plan-isolation-twice', mismatch('isolation'), ({ plan }) => {
    plan.isolation.push(plan.isolation[0]!);
  }),
  ...(['masked', 'bounded'] as const).map((field) =>
    sqlite(`plan-${field}-without-a-reason`, UNREADABLE, ({ plan }) => {
      plan[field] = [];
      if (field === 'masked') plan.masked = MASKED_WITHOUT_A_REASON;
      else plan.bounded = [{ effect: 'sequence', name: 'births', reason: '\t' }];
    }),
  ),
  sqliteFull('plan-allows-without-a-reason', UNREADABLE, ({ plan }) => {
    plan.boundary.allow[0]!.reason = ' ';
  }),
  sqlite('plan-expects-an-update', mismatch('delta/births'), ({ plan }) => {
    plan.delta[0]!.updated = 1;
  }),
  sqlite('plan-expects-a-deletion', mismatch('delta/births'), ({ plan }) => {
    plan.delta[0]!.deleted = 1;
  }),
  sqliteFull(
    'plan-expects-what-it-allows-elsewhere',
    mismatch('delta/births', 'delta/births'),
    ({ plan }) => {
      Object.assign(plan.delta[0]!, { updated: 1, deleted: 1 });
    },
  ),
  sqlite('plan-expects-nothing-of-a-table', mismatch('delta/births'), ({ plan }) => {
    plan.delta[0]!.inserted = 0;
  }),
  sqlite('plan-delta-outside-its-boundary', mismatch('delta/births'), ({ plan }) => {
    plan.boundary.tables.shift();
  }),
  sqlite('plan-allows-outside-its-boundary', mismatch('boundary/allow/artists'), ({ plan }) => {
    plan.boundary.allow = [{ action: 'update', table: 'artists', reason: 'why not' }];
  }),
  sqlite('plan-gate-unreadable', mismatch('preflight/two births'), ({ plan, rehearsal }) => {
    plan.preflight[0]!.expect = rehearsal.preflight[0]!.expect = '== two';
  }),
  sqliteFull('plan-postcondition-unreadable', mismatch('postconditions/done'), ({ plan }) => {
    plan.postconditions[0]!.expect = '> ';
  }),
  sqlite('plan-asks-for-more', mismatch('actions'), ({ plan }) => {
    plan.actions = ['apply'];
  }),
  sqlite(
    'plan-of-another-engine',
    [
      ['PLAN_MISMATCH', 'engine'],
      ['PLAN_MISMATCH', 'entry'],
      ['PLAN_MISMATCH', 'legs/T/after'],
    ],
    ({ plan }) => {
      plan.engine = 'postgres';
    },
  ),
  postgres(
    'plan-of-another-engine',
    [
      ['PLAN_MISMATCH', 'engine'],
      ['PLAN_MISMATCH', 'entry'],
      ['PLAN_MISMATCH', 'legs/T/after'],
      ['PLAN_MISMATCH', 'legs/T/back'],
    ],
    ({ plan }) => {
      plan.engine = 'sqlite';
    },
  ),
  sqlite('rehearsal-of-another-engine', [['PLAN_MISMATCH', 'engine']], ({ rehearsal }) => {
    rehearsal.engine = 'postgres';
  }),
  sqliteFull('approval-of-another-executor', [['EXECUTOR_CHANGED', 'plan/approval/executor']], ({ plan }) => {
    plan.approval!.executor = otherHash();
  }),
  sqliteFull('approval-of-another-rollback', [['EXECUTOR_CHANGED', 'plan/approval/rollback']], ({ plan }) => {
    plan.approval!.rollback = otherHash();
  }),
  sqliteFull(
    'approval-without-the-rollback',
    [['EXECUTOR_CHANGED', 'plan/approval/rollback']],
    ({ plan }) => {
      plan.approval!.rollback = null;
    },
  ),
  sqlite(
    'approval-of-a-rollback-that-is-not-there',
    [['EXECUTOR_CHANGED', 'plan/approval/rollback']],
    ({ plan }) => {
      plan.approval = { by: 'an owner', reference: null, executor: plan.executor, rollback: otherHash() };
    },
  ),
  sqliteFull('accepted-without-an-approval', [], ({ plan }) => {
    plan.approval = null;
  }),
];

const MASKED_WITHOUT_A_REASON = [
  { table: 'births', column: 'born', reason: 'the clock' },
  { table: 'tokens', column: 'token', reason: ' ' },
];
