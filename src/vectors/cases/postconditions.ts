import { postgresFull, sqliteFull, type Expected, type Vector } from '../vector.ts';

const ALL = ['T', 'R', 'S'] as const;
const inAll = (code: Expected[0], name: string): Expected[] =>
  ALL.map((leg) => [code, `legs/${leg}/postconditions/${name}`]);

/** Postconditions that were not asked, are not met, or were answered otherwise where the state is the same. */
export const POSTCONDITIONS: readonly Vector[] = [
  sqliteFull(
    'baseline-not-asked',
    [['PLAN_MISMATCH', 'baseline'], ...inAll('POSTCONDITION_FAILED', 'births as before')],
    (d) => {
      d.rehearsal.baseline.pop();
    },
  ),
  sqliteFull('baseline-of-another-name', [['PLAN_MISMATCH', 'baseline']], (d) => {
    d.rehearsal.baseline[0]!.name = 'another';
  }),
  sqliteFull('baseline-once-more', [['PLAN_MISMATCH', 'baseline']], (d) => {
    d.rehearsal.baseline.push({ name: 'more', actual: '1' });
  }),
  ...ALL.flatMap((leg) => [
    sqliteFull(`postcondition-not-asked-${leg}`, [['PLAN_MISMATCH', `legs/${leg}/postconditions`]], (d) => {
      d.leg(leg).postconditions.pop();
    }),
    sqliteFull(`postconditions-none-${leg}`, [['PLAN_MISMATCH', `legs/${leg}/postconditions`]], (d) => {
      d.leg(leg).postconditions = [];
    }),
    sqliteFull(
      `postcondition-of-another-name-${leg}`,
      [['PLAN_MISMATCH', `legs/${leg}/postconditions`]],
      (d) => {
        d.leg(leg).postconditions[0]!.name = 'another';
      },
    ),
    sqliteFull(`postcondition-once-more-${leg}`, [['PLAN_MISMATCH', `legs/${leg}/postconditions`]], (d) => {
      d.leg(leg).postconditions.push({ name: 'more', actual: '1', ok: true });
    }),
    ...(
      [
        ['done', 'FALSE_DONE', 0],
        ['leases empty', 'FALSE_DONE', 1],
        ['births as before', 'POSTCONDITION_FAILED', 2],
      ] as const
    ).flatMap(([name, code, i]) => [
      sqliteFull(
        `postcondition-${i}-not-answered-${leg}`,
        [[code, `legs/${leg}/postconditions/${name}`]],
        (d) => {
          d.leg(leg).postconditions[i]!.actual = null;
        },
      ),
      sqliteFull(
        `postcondition-${i}-says-not-ok-${leg}`,
        [[code, `legs/${leg}/postconditions/${name}`]],
        (d) => {
          d.leg(leg).postconditions[i]!.ok = false;
        },
      ),
    ]),
    sqliteFull(
      `back-answered-otherwise-${leg}`,
      [
        ['POSTCONDITION_FAILED', `legs/${leg}/postconditions/births as before`],
        ['POSTCONDITION_FAILED', `legs/${leg}/postconditions/births as before`],
      ],
      (d) => {
        d.leg(leg).postconditions[2]!.actual = '3';
      },
    ),
    sqliteFull(
      `back-met-and-answered-otherwise-${leg}`,
      [['POSTCONDITION_FAILED', `legs/${leg}/postconditions/births as before`]],
      (d) => {
        d.plan.postconditions[2]!.expect = '>= 2';
        d.leg(leg).postconditions[2]!.actual = '3';
      },
    ),
  ]),
  ...(['R', 'S'] as const).map((leg) =>
    sqliteFull(
      `applied-met-and-answered-otherwise-${leg}`,
      [['AFTER_STATES_DIFFER', `legs/${leg}/postconditions/done`]],
      (d) => {
        d.leg(leg).postconditions[0]!.actual = '4';
      },
    ),
  ),
  // As the runner leaves it: the query that must hold after the way back has no answer any more.
  ...ALL.map((leg) =>
    sqliteFull(
      `back-without-an-answer-${leg}`,
      [
        ['SQL_FAILED', `legs/${leg}/postconditions/births as before`],
        ['TRANSACTION_LOST', `legs/${leg}/ended`],
      ],
      (d) => {
        d.leg(leg).ended = 'failed';
        Object.assign(d.leg(leg).postconditions[2]!, { actual: null, ok: false });
        const path = `legs/${leg}/postconditions/births as before`;
        d.rehearsal.observed.push({ code: 'SQL_FAILED', path, detail: 'no such table: births' });
      },
    ),
  ),
  sqliteFull('false-done', inAll('FALSE_DONE', 'done'), (d) => {
    for (const leg of d.rehearsal.legs) leg.postconditions[0]!.actual = '2';
  }),
  postgresFull('false-done', inAll('FALSE_DONE', 'done'), (d) => {
    for (const leg of d.rehearsal.legs) leg.postconditions[0]!.actual = '2';
  }),
  sqliteFull('leases-not-empty', inAll('FALSE_DONE', 'leases empty'), (d) => {
    for (const leg of d.rehearsal.legs) leg.postconditions[1]!.actual = '1';
  }),
  sqliteFull('postcondition-that-never-held', inAll('POSTCONDITION_FAILED', 'births as before'), (d) => {
    d.plan.postconditions[2]!.expect = '== 5';
  }),
];
