import { postgres, sqlite, LEGS, type Vector } from './vector.ts';
import { otherHash } from './draft.ts';

/** Faults in what the rehearsal claims beside its snapshots: executor, source, preflight, isolation, observations. */
export const CLAIMS: readonly Vector[] = [
  sqlite('executor-file-replaced', [['EXECUTOR_CHANGED', 'executor/file']], (d) => {
    d.rehearsal.executor.file = d.content('DELETE FROM births');
  }),
  sqlite('executor-before-differs', [['EXECUTOR_CHANGED', 'executor/before']], (d) => {
    d.rehearsal.executor.before = otherHash();
  }),
  sqlite('executor-after-differs', [['EXECUTOR_CHANGED', 'executor/after']], (d) => {
    d.rehearsal.executor.after = otherHash();
  }),
  sqlite(
    'executor-of-another-plan',
    [
      ['EXECUTOR_CHANGED', 'executor/after'],
      ['EXECUTOR_CHANGED', 'executor/before'],
      ['EXECUTOR_CHANGED', 'executor/file'],
    ],
    (d) => {
      d.plan.executor = otherHash();
    },
  ),
  sqlite('executor-file-is-no-content', [['EVIDENCE_MALFORMED', 'executor-unchanged']], (d) => {
    d.rehearsal.executor.file = d.rehearsal.entry;
  }),
  sqlite('validator-file-replaced', [['VALIDATOR_MISMATCH', 'validator']], (d) => {
    d.validator.file = d.content('export const accepted = true;');
  }),
  sqlite('validator-digest-differs', [['VALIDATOR_MISMATCH', 'validator']], (d) => {
    d.validator.sha256 = otherHash();
  }),
  sqlite('source-not-the-pinned-one', [['SOURCE_CHANGED', 'source']], (d) => {
    d.rehearsal.source = otherHash();
  }),
  sqlite('source-pin-differs', [['SOURCE_CHANGED', 'source']], (d) => {
    d.plan.source.sha256 = otherHash();
  }),

  sqlite('preflight-not-asked', [['PLAN_MISMATCH', 'preflight/marked']], (d) => {
    d.rehearsal.preflight.pop();
  }),
  sqlite('preflight-not-in-the-plan', [['PLAN_MISMATCH', 'preflight/marked']], (d) => {
    d.plan.preflight.pop();
  }),
  sqlite(
    'preflight-in-another-order',
    [
      ['PLAN_MISMATCH', 'preflight/marked'],
      ['PLAN_MISMATCH', 'preflight/two births'],
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
  sqlite('preflight-number-not-met', [['PREFLIGHT_FAILED', 'preflight/two births']], (d) => {
    d.rehearsal.preflight[0]!.actual = '3';
  }),
  sqlite('preflight-number-is-none', [['PREFLIGHT_FAILED', 'preflight/two births']], (d) => {
    d.rehearsal.preflight[0]!.actual = '2.0';
  }),
  sqlite('preflight-text-not-met', [['PREFLIGHT_FAILED', 'preflight/marked']], (d) => {
    d.rehearsal.preflight[1]!.actual = 'surrogate';
  }),
  sqlite('preflight-says-not-ok', [['PREFLIGHT_FAILED', 'preflight/marked']], (d) => {
    d.rehearsal.preflight[1]!.ok = false;
  }),
  sqlite('preflight-expectation-unreadable', [['PREFLIGHT_FAILED', 'preflight/two births']], (d) => {
    d.plan.preflight[0]!.expect = d.rehearsal.preflight[0]!.expect = '== two';
    d.rehearsal.preflight[0]!.actual = '== two';
  }),

  ...['clone-folder-private', 'clone-not-linked-to-source', 'source-unchanged'].flatMap((assertion) =>
    isolation(assertion, sqlite),
  ),
  ...['cluster-folder-private', 'executor-role-unprivileged', 'source-unchanged', 'unix-socket-only'].flatMap(
    (assertion) => isolation(assertion, postgres),
  ),

  sqlite('observed-failure', [['SQL_FAILED', 'legs/T/statement 2']], (d) => {
    d.rehearsal.observed.push({ code: 'SQL_FAILED', path: 'legs/T/statement 2', detail: '' });
  }),
  sqlite('observed-unknown-code', [['EVIDENCE_MALFORMED', 'observed/legs/T']], (d) => {
    d.rehearsal.observed.push({ code: 'ALL_FINE', path: 'legs/T', detail: '' });
  }),
  sqlite('observed-code-of-the-prototype', [['EVIDENCE_MALFORMED', 'observed/legs/T']], (d) => {
    d.rehearsal.observed.push({ code: 'constructor', path: 'legs/T', detail: '' });
  }),

  ...LEGS.flatMap((leg) => [
    sqlite(`transaction-open-${leg}`, [['TRANSACTION_OPEN', `legs/${leg}`]], (d) => {
      d.leg(leg).open = true;
    }),
    sqlite(`ended-failed-${leg}`, [['TRANSACTION_LOST', `legs/${leg}/ended`]], (d) => {
      d.leg(leg).ended = 'failed';
    }),
    sqlite(`ended-otherwise-${leg}`, [['TRANSACTION_LOST', `legs/${leg}/ended`]], (d) => {
      d.leg(leg).ended = leg === 'T' ? 'committed' : 'rolled-back';
    }),
    sqlite(`leg-missing-${leg}`, [['LEG_MISSING', `legs/${leg}`]], (d) => {
      d.rehearsal.legs = d.rehearsal.legs.filter((l) => l.leg !== leg);
    }),
  ]),
  sqlite(
    'legs-none',
    [
      ['LEG_MISSING', 'legs/R'],
      ['LEG_MISSING', 'legs/T'],
    ],
    (d) => {
      d.rehearsal.legs = [];
    },
  ),
  sqlite('legs-reversed', [['LEG_ORDER', 'legs']], (d) => {
    d.rehearsal.legs.reverse();
  }),
  sqlite('leg-twice', [['LEG_ORDER', 'legs']], (d) => {
    d.rehearsal.legs.unshift({ ...d.leg('T') });
  }),
  sqlite(
    'leg-twice-as-planned',
    [
      ['LEG_ORDER', 'legs'],
      ['LEG_ORDER', 'plan/legs'],
    ],
    (d) => {
      d.rehearsal.legs.unshift({ ...d.leg('T') });
      d.plan.legs.unshift('T');
    },
  ),
  sqlite(
    'leg-with-a-rollback-script-that-is-nowhere',
    [
      ['LEG_ORDER', 'legs'],
      ['LEG_ORDER', 'plan/legs'],
    ],
    (d) => {
      d.rehearsal.legs.push({ ...d.leg('R'), leg: 'S' });
      d.plan.legs.push('S');
    },
  ),
  sqlite('plan-without-legs', [['LEG_ORDER', 'plan/legs']], (d) => {
    d.plan.legs = [];
  }),
  sqlite(
    'legs-all-missing-and-unplanned',
    [
      ['LEG_MISSING', 'legs/R'],
      ['LEG_MISSING', 'legs/T'],
    ],
    (d) => {
      d.plan.legs = [];
      d.rehearsal.legs = [];
    },
  ),
];

/** An assertion that is missing, does not hold, or is made twice, once each way. */
function isolation(assertion: string, on: typeof sqlite): Vector[] {
  const expected = [['ISOLATION_UNPROVEN', `isolation/${assertion}`]] as const;
  return [
    on(`isolation-missing-${assertion}`, expected, ({ rehearsal }) => {
      rehearsal.isolation = rehearsal.isolation.filter((claim) => claim.assertion !== assertion);
    }),
    on(`isolation-fails-${assertion}`, expected, ({ rehearsal }) => {
      rehearsal.isolation.find((claim) => claim.assertion === assertion)!.holds = false;
    }),
    on(`isolation-contradicts-${assertion}`, expected, ({ rehearsal }) => {
      rehearsal.isolation.push({ assertion, holds: false });
    }),
    on(`isolation-twice-${assertion}`, expected, ({ rehearsal }) => {
      rehearsal.isolation.push({ assertion, holds: true });
    }),
  ];
}
