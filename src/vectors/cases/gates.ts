import { LEGS, sqlite, type Vector } from '../vector.ts';

/** Gates that were not asked, are not met, or were passed all the same. */
export const GATES: readonly Vector[] = [
  sqlite('preflight-not-asked', [['PLAN_MISMATCH', 'preflight/marked']], (d) => {
    d.rehearsal.preflight.pop();
  }),
  sqlite(
    'preflight-not-in-the-plan',
    [
      ['PLAN_MISMATCH', 'preflight/marked'],
      ['PLAN_MISMATCH', 'legs/R/preflight'],
      ['PLAN_MISMATCH', 'legs/T/preflight'],
    ],
    (d) => {
      d.plan.preflight.pop();
    },
  ),
  sqlite(
    'preflight-in-another-order',
    [
      ['PLAN_MISMATCH', 'preflight/marked'],
      ['PLAN_MISMATCH', 'preflight/two births'],
      // What each leg answered is compared with what stands at the same place.
      ...LEGS.flatMap((leg) =>
        ['marked', 'two births'].map((gate) => ['BEFORE_DIVERGED', `legs/${leg}/preflight/${gate}`] as const),
      ),
    ],
    (d) => {
      d.rehearsal.preflight.reverse();
    },
  ),
  sqlite('preflight-name-differs', [['PLAN_MISMATCH', 'preflight/marked']], (d) => {
    d.rehearsal.preflight[1]!.name = 'another';
  }),
  sqlite('preflight-sql-differs', [['PLAN_MISMATCH', 'preflight/two births']], (d) => {
    d.rehearsal.preflight[0]!.sql = 'SELECT 2';
  }),
  sqlite('preflight-expectation-differs', [['PLAN_MISMATCH', 'preflight/two births']], (d) => {
    d.rehearsal.preflight[0]!.expect = '>= 0';
  }),
  ...(
    [
      ['number-not-met', 0, '3'],
      ['number-is-none', 0, '2.0'],
      ['text-not-met', 1, 'surrogate'],
    ] as const
  ).map(([name, i, actual]) =>
    sqlite(
      `preflight-${name}`,
      [
        ['PREFLIGHT_FAILED', `preflight/${i === 0 ? 'two births' : 'marked'}`],
        ['PASS_WHILE_BLOCKED', 'legs'],
        ...LEGS.map(
          (leg) => ['BEFORE_DIVERGED', `legs/${leg}/preflight/${i === 0 ? 'two births' : 'marked'}`] as const,
        ),
      ],
      (d) => {
        d.rehearsal.preflight[i]!.actual = actual;
      },
    ),
  ),
  sqlite(
    'preflight-says-not-ok',
    [
      ['PREFLIGHT_FAILED', 'preflight/marked'],
      ['PASS_WHILE_BLOCKED', 'legs'],
    ],
    (d) => {
      d.rehearsal.preflight[1]!.ok = false;
    },
  ),
  // Everything else is as after a pass: the gate's answer alone says no.
  sqlite(
    'passed-while-a-gate-was-blocked',
    [
      ['PREFLIGHT_FAILED', 'preflight/two births'],
      ['PASS_WHILE_BLOCKED', 'legs'],
      ...LEGS.flatMap((leg) => [
        ['PREFLIGHT_FAILED', `legs/${leg}/preflight/two births`] as const,
        ['PASS_WHILE_BLOCKED', `legs/${leg}`] as const,
      ]),
    ],
    (d) => {
      d.rehearsal.preflight[0]!.actual = '0';
      for (const leg of d.rehearsal.legs) leg.preflight[0] = '0';
    },
  ),
  sqlite(
    'blocked-by-a-gate-before-any-leg',
    [
      ['PREFLIGHT_FAILED', 'preflight/two births'],
      ['PREFLIGHT_FAILED', 'trigger'],
      ['LEG_MISSING', 'legs/R'],
      ['LEG_MISSING', 'legs/T'],
      ...['births', 'notes', 'tokens'].map((table) => ['DELTA_UNEXPECTED', `delta/${table}`] as const),
    ],
    ({ rehearsal }) => {
      Object.assign(rehearsal.preflight[0]!, { actual: '0', ok: false });
      rehearsal.trigger = 'preflight-failed';
      rehearsal.image.restored = null;
      rehearsal.delta = [];
      rehearsal.legs = [];
    },
  ),

  ...LEGS.flatMap((leg) => [
    sqlite(`gates-not-asked-again-${leg}`, [['PLAN_MISMATCH', `legs/${leg}/preflight`]], (d) => {
      d.leg(leg).preflight = [];
    }),
    sqlite(`gate-not-asked-again-${leg}`, [['PLAN_MISMATCH', `legs/${leg}/preflight`]], (d) => {
      d.leg(leg).preflight.pop();
    }),
    sqlite(`gate-asked-once-more-${leg}`, [['PLAN_MISMATCH', `legs/${leg}/preflight`]], (d) => {
      d.leg(leg).preflight.push('2');
    }),
    sqlite(
      `gate-blocked-in-leg-${leg}`,
      [
        ['PREFLIGHT_FAILED', `legs/${leg}/preflight/two births`],
        ['PASS_WHILE_BLOCKED', `legs/${leg}`],
      ],
      (d) => {
        d.leg(leg).preflight[0] = '3';
      },
    ),
    sqlite(
      `gate-answered-otherwise-in-leg-${leg}`,
      [['BEFORE_DIVERGED', `legs/${leg}/preflight/two births`]],
      (d) => {
        d.plan.preflight[0]!.expect = d.rehearsal.preflight[0]!.expect = '>= 2';
        d.leg(leg).preflight[0] = '3';
      },
    ),
  ]),
];
