import { postgres, sqlite, sqliteFull, type Vector } from '../vector.ts';

/** Faults in what the rehearsal claims beside its states: who judges, isolation, observations. */
export const CLAIMS: readonly Vector[] = [
  sqlite('validators-none', [['VALIDATOR_MISMATCH', 'validators']], (d) => {
    d.validators.pop();
  }),
  sqlite('validator-twice', [['VALIDATOR_MISMATCH', 'validators']], (d) => {
    d.validators.push(d.validators[0]!);
  }),
  sqliteFull('validators-of-one-name', [['VALIDATOR_MISMATCH', 'validators']], (d) => {
    d.validators[1]!.name = d.validators[0]!.name;
  }),
  sqliteFull('validators-of-one-file', [['VALIDATOR_MISMATCH', 'validators']], (d) => {
    d.validators[1]!.file = d.validators[0]!.file;
  }),
  ...[0, 1].flatMap((i) => [
    sqliteFull(`validator-file-is-no-content-${i}`, [['EVIDENCE_MALFORMED', 'validators-named']], (d) => {
      d.validators[i]!.file = d.rehearsal.entry;
    }),
  ]),

  ...[
    'attach-refused',
    'child-processes-refused',
    'clone-folder-private',
    'clone-not-linked-to-source',
    'clone-not-seen-open',
    'extensions-refused',
    'file-access-restricted',
    'image-unchanged',
    'source-opened-read-only',
    'source-unchanged',
  ].flatMap((assertion) => [...isolation(assertion, sqlite), fails(assertion, sqlite)]),
  ...['clone-not-open-elsewhere', 'network-isolated', 'paths-confined'].flatMap((assertion) =>
    isolation(assertion, sqlite),
  ),
  // The full plan requires it.
  fails('paths-confined', sqliteFull),
  ...[
    'cluster-folder-private',
    'cluster-own-process',
    'executor-role-unprivileged',
    'image-without-sessions',
    'no-other-sessions',
    'no-prepared-transactions',
    'no-replication',
    'source-unchanged',
    'unix-socket-only',
  ].flatMap((assertion) => [...isolation(assertion, postgres), fails(assertion, postgres)]),
  sqlite(
    'isolation-that-the-plan-requires',
    [['ISOLATION_UNPROVEN', 'isolation/network-isolated']],
    ({ plan }) => {
      plan.isolation = ['network-isolated'];
    },
  ),
  sqlite('isolation-that-no-engine-asserts', [['ISOLATION_UNPROVEN', 'isolation/in-a-vault']], ({ plan }) => {
    plan.isolation = ['in-a-vault'];
  }),
  sqlite(
    'isolation-of-another-engine',
    [['EVIDENCE_MALFORMED', 'isolation/unix-socket-only']],
    ({ rehearsal }) => {
      rehearsal.isolation.push({ assertion: 'unix-socket-only', holds: true });
    },
  ),
  sqlite('isolation-in-another-order', [['EVIDENCE_MALFORMED', 'isolation']], ({ rehearsal }) => {
    rehearsal.isolation.reverse();
  }),
  sqlite('accepted-isolation-of-everything', [], ({ rehearsal }) => {
    for (const claim of rehearsal.isolation) claim.holds = true;
  }),

  sqlite('observed-failure', [['SQL_FAILED', 'legs/T/executor/statement 2']], (d) => {
    d.rehearsal.observed.push({ code: 'SQL_FAILED', path: 'legs/T/executor/statement 2', detail: '' });
  }),
  sqlite('observed-unknown-code', [['EVIDENCE_MALFORMED', 'observed/legs/T']], (d) => {
    d.rehearsal.observed.push({ code: 'ALL_FINE', path: 'legs/T', detail: '' });
  }),
  sqlite('observed-code-of-the-prototype', [['EVIDENCE_MALFORMED', 'observed/legs/T']], (d) => {
    d.rehearsal.observed.push({ code: 'constructor', path: 'legs/T', detail: '' });
  }),
];

type On = typeof sqlite;

/** An assertion that is missing, or is made twice, once each way. */
function isolation(assertion: string, on: On): Vector[] {
  const expected = [['ISOLATION_UNPROVEN', `isolation/${assertion}`]] as const;
  return [
    on(`isolation-missing-${assertion}`, expected, ({ rehearsal }) => {
      rehearsal.isolation = rehearsal.isolation.filter((claim) => claim.assertion !== assertion);
    }),
    ...[false, true].map((holds) =>
      on(`isolation-twice-${assertion}-${holds}`, expected, ({ rehearsal }) => {
        rehearsal.isolation.push({ assertion, holds });
      }),
    ),
  ];
}

function fails(assertion: string, on: On): Vector {
  return on(
    `isolation-fails-${assertion}`,
    [['ISOLATION_UNPROVEN', `isolation/${assertion}`]],
    ({ rehearsal }) => {
      rehearsal.isolation.find((claim) => claim.assertion === assertion)!.holds = false;
    },
  );
}
