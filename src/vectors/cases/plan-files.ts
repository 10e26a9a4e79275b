import type { PlanDocument } from '../../rules/plan-schema.ts';
import { documentOf, textOf, type Mutable } from '../documents.ts';
import { otherHash, type Draft } from '../draft.ts';
import { sqlite, sqliteFull, type Expected, type Vector } from '../vector.ts';

const UNREADABLE: Expected[] = [['EVIDENCE_MALFORMED', 'plan/document']];

/** The plan's file says something else than the plan object, or is none. */
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
      d.otherDocument = textOf({
        ...documentOf(plan, document),
        name: 'two',
        delta: { births: { inserted: 2 } },
      });
    },
  ),
  sqlite('accepted-plan-file-with-comments', [], (d) => {
    d.otherDocument = `# what is rehearsed\n${textOf(documentOf(d.plan, d.document))}\n`;
  }),
  sqlite('accepted-plan-file-in-another-order', [], (d) => {
    const { boundary, clock, ...plan } = documentOf(d.plan, d.document);
    const tables = boundary!.tables!.toReversed();
    d.otherDocument = textOf({ clock: clock!.toReversed(), boundary: { tables }, ...plan });
  }),

  text('no-yaml', 'a: [1,'),
  text('no-plan', '[]'),
  text('not-utf8', Uint8Array.of(0xff, 0xfe)),
  text('empty', ''),
  text('with-a-key-twice', (plan) => plan.replace('{', '{ "name": "another",')),
  text('with-a-key-of-nobody', (plan) => plan.replace('{', '{ "hidden": 1,')),
  text('with-a-number-as-a-name', (plan) => plan.replace('"one birth"', '1')),
  text('with-a-digest-cut-short', (plan) => plan.replace(/"sha256": "../, '"sha256": "')),
  text('of-version-3', (plan) => plan.replace('plan/2', 'plan/3')),
  text('twice', (plan) => `${plan}\n---\n${plan}`),
  text('of-another-yaml', (plan) => `%YAML 1.1\n---\n${plan}`),
  text('with-an-alias-of-nothing', (plan) => plan.replace('"one birth"', '*nothing')),
  text('with-aliases-that-multiply', bomb()),
  text('nested-too-deeply', `${'['.repeat(200)}${']'.repeat(200)}`),
  text('too-long', `#${' '.repeat(1024 * 1024)}`),

  sqliteFull('profile-not-the-pinned-one', [['PLAN_MISMATCH', 'plan/profile']], (d) => {
    d.plan.profile = d.probes!.profile = d.content(`${textAt(d)}# other\n`);
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
    d.plan.profile = d.content('custody: plan/2');
  }),
];

function textAt(d: Draft): string {
  return Buffer.from(d.objects.get(d.plan.profile!.digest)).toString();
}

/** A file that says one thing otherwise. `more` tells vectors of one field apart. */
function file(field: string, edit: (plan: Mutable<PlanDocument>) => void, more = 'differs'): Vector {
  return sqliteFull(`plan-file-${field}-${more}`, [['PLAN_MISMATCH', `plan/${field}`]], (d) => {
    const document = structuredClone(documentOf(d.plan, d.document));
    edit(document);
    d.otherDocument = textOf(document);
  });
}

function text(name: string, made: string | Uint8Array | ((plan: string) => string)): Vector {
  return sqlite(`plan-file-${name}`, UNREADABLE, (d) => {
    const text = typeof made === 'function' ? made(textOf(documentOf(d.plan, d.document))) : made;
    d.otherDocument = typeof text === 'string' ? text : d.contentOf(text);
  });
}

/** Ten aliases of ten aliases of … */
function bomb(): string {
  const lines = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(10)}]`);
  return ['a0: &a0 x', ...lines].join('\n');
}
