import type { PlanDocument } from '../../rules/plan-schema.ts';
import { documentOf, type Mutable } from '../documents.ts';
import { otherHash } from '../draft.ts';
import { sqlite, sqliteFull, type Expected, type Vector } from '../vector.ts';

const UNREADABLE: Expected[] = [['EVIDENCE_MALFORMED', 'plan/document']];

/** The plan's document says something else than the plan object, or is none. */
export const PLAN_FILES: readonly Vector[] = [
  file('name', (plan) => void (plan.name = 'another')),
  file('engine', (plan) => void (plan.engine = 'postgres')),
  file('macro', (plan) => void (plan.macro = 'M-2')),
  file(
    'macro',
    (plan) => {
      delete plan.macro;
    },
    'gone',
  ),
  file('actions', (plan) => void (plan.actions = ['apply'])),
  file('timeLimit', (plan) => void (plan.timeLimit = 61)),
  file('source', (plan) => void (plan.source.kind = 'real-dump')),
  file('source', (plan) => void (plan.source.marker = 'REAL'), 'marker'),
  file(
    'source',
    (plan) => {
      delete plan.source.sha256;
    },
    'unpinned',
  ),
  file('approval', (plan) => void (plan.approval!.by = 'nobody')),
  file(
    'approval',
    (plan) => {
      delete plan.approval;
    },
    'gone',
  ),
  file('session', (plan) => void (plan.session = { timezone: 'CET' })),
  file('preflight', (plan) => void (plan.preflight![0]!.sql = 'SELECT 2')),
  file('preflight', (plan) => void plan.preflight!.reverse(), 'in-another-order'),
  file('boundary', (plan) => void (plan.boundary!.tables = ['births', 'notes', 'stock', 'tokens', 'zero'])),
  file('boundary', (plan) => void (plan.boundary!.allow![0]!.reason = 'another'), 'reason'),
  file('delta', (plan) => void (plan.delta['births']!.inserted = 2)),
  file('postconditions', (plan) => void (plan.postconditions![0]!.expect = '>= 2')),
  file('postconditions', (plan) => void (plan.postconditions![1]!.at = 'back'), 'at'),
  file('masked', (plan) => void (plan.clock![0]!.reason = 'another')),
  file('bounded', (plan) => void (plan.bounded = [])),
  file('legs', (plan) => void (plan.legs = ['T', 'R'])),
  file('isolation', (plan) => void (plan.isolation = [])),
  sqlite(
    'plan-file-of-another-plan',
    [
      ['PLAN_MISMATCH', 'plan/name'],
      ['PLAN_MISMATCH', 'plan/delta'],
    ],
    (d) => {
      const { document, plan } = d;
      d.otherDocument = d.json({
        ...documentOf(plan, document),
        name: 'two',
        delta: { births: { inserted: 2 } },
      });
    },
  ),
  sqlite('accepted-plan-file-in-another-order', [], (d) => {
    const { boundary, clock, ...plan } = documentOf(d.plan, d.document);
    const tables = boundary!.tables!.toReversed();
    d.otherDocument = d.json({ ...plan, clock: clock!.toReversed(), boundary: { tables } });
  }),
  // Whether it says the same is looked at where a reader of YAML is to be had: by verify.
  sqlite('accepted-plan-written-otherwise', [], (d) => {
    d.plan.written = d.contentOf(Uint8Array.of(0xff, 0xfe));
  }),

  text('no-json', 'custody: plan/2'),
  text('no-plan', '[]\n'),
  text('not-utf8', Uint8Array.of(0xff, 0xfe)),
  text('empty', ''),
  text('with-a-key-twice', (plan) => plan.replace('{', '{\n  "boundary": {},')),
  text('with-a-key-of-nobody', (plan) => plan.replace('  "name"', '  "hidden": 1,\n  "name"')),
  text('with-a-number-as-a-name', (plan) => plan.replace('"one birth"', '1')),
  text('with-a-digest-cut-short', (plan) => plan.replace(/"sha256": "../, '"sha256": "')),
  text('of-version-3', (plan) => plan.replace('plan/2', 'plan/3')),
  text('twice', (plan) => `${plan}${plan}`),
  text('with-a-comment', (plan) => `// what is rehearsed\n${plan}`),
  text('with-a-byte-order-mark', (plan) => `\ufeff${plan}`),
  text('with-keys-in-another-order', (plan) =>
    plan
      .replace('{', '{\n  "name": "one birth",')
      .replace(/(?<=,\n) {2}"name": "one birth",\n(?= {2}"preflight)/, ''),
  ),
  text('with-an-escape', (plan) => plan.replace('one birth', 'one\\u0020birth')),
  text('with-another-number', (plan) => plan.replace(/"inserted": 1\b/, '"inserted": 1.0')),
  text('with-a-space-more', (plan) => plan.replace('{', '{ ')),
  text('on-one-line', (plan) => JSON.stringify(JSON.parse(plan))),
  text('without-a-line-feed', (plan) => plan.trimEnd()),
  text('nested-too-deeply', `${'['.repeat(500_000)}${']'.repeat(500_000)}`),
  text('too-long', (plan) => plan.replace('one birth', 'x'.repeat(4 * 1024 * 1024))),

  sqliteFull('profile-not-the-pinned-one', [['PLAN_MISMATCH', 'plan/profile']], (d) => {
    d.plan.profile!.written = d.probes!.profile = d.content('custody: profile/1 # another\n');
  }),
  sqliteFull('profile-pin-differs', [['PLAN_MISMATCH', 'plan/profile']], ({ document }) => {
    document.profile!.sha256 = Buffer.from(otherHash()).toString('hex');
  }),
  sqliteFull('profile-that-the-file-does-not-have', [['PLAN_MISMATCH', 'plan/profile']], ({ document }) => {
    delete document.profile;
  }),
  sqlite('profile-that-is-not-stored', [['PLAN_MISMATCH', 'plan/profile']], ({ document }) => {
    document.profile = { file: 'profile.yaml', sha256: Buffer.from(otherHash()).toString('hex') };
  }),
  sqliteFull('profile-that-is-none', [['EVIDENCE_MALFORMED', 'plan/profile']], (d) => {
    d.plan.profile!.document = d.json({ custody: 'plan/2' });
  }),
];

/** A file that says one thing otherwise. `more` tells vectors of one field apart. */
function file(field: string, edit: (plan: Mutable<PlanDocument>) => void, more = 'differs'): Vector {
  return sqliteFull(`plan-file-${field}-${more}`, [['PLAN_MISMATCH', `plan/${field}`]], (d) => {
    const document = structuredClone(documentOf(d.plan, d.document));
    edit(document);
    d.otherDocument = d.json(document);
  });
}

function text(name: string, made: string | Uint8Array | ((plan: string) => string)): Vector {
  return sqlite(`plan-file-${name}`, UNREADABLE, (d) => {
    const link = d.json(documentOf(d.plan, d.document));
    const text = typeof made === 'function' ? made(Buffer.from(d.objects.get(link.digest)).toString()) : made;
    d.otherDocument = typeof text === 'string' ? d.content(text) : d.contentOf(text);
  });
}
