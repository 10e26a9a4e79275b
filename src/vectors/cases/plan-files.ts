import { documentOf } from '../documents.ts';
import { otherHash } from '../draft.ts';
import { PROFILE, setProfile } from '../profile.ts';
import { sqlite, sqliteFull, type Expected, type Vector } from '../vector.ts';

const UNREADABLE: Expected[] = [['EVIDENCE_MALFORMED', 'plan/document']];

/** The plan's document is none, or its profile is not the pinned one. */
export const PLAN_FILES: readonly Vector[] = [
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
    d.plan.profile!.written = d.probes!.profile = d.content('custody: profile/2 # another\n');
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
  sqliteFull('profile-surrogate-not-the-pinned-one', [['PLAN_MISMATCH', 'plan/profile/surrogate']], (d) => {
    d.plan.profile!.surrogate = d.content('CREATE TABLE another (id);\n');
  }),
  sqliteFull('profile-surrogate-that-is-not-stored', [['PLAN_MISMATCH', 'plan/profile/surrogate']], (d) => {
    d.plan.profile!.surrogate = null;
  }),
  sqliteFull('profile-surrogate-of-none', [['PLAN_MISMATCH', 'plan/profile/surrogate']], (d) => {
    setProfile(d, PROFILE.slice(0, PROFILE.indexOf('surrogate:')));
  }),
  sqliteFull('profile-that-is-none', [['EVIDENCE_MALFORMED', 'plan/profile']], (d) => {
    d.plan.profile!.document = d.json({ custody: 'plan/2' });
  }),
];

function text(name: string, made: string | Uint8Array | ((plan: string) => string)): Vector {
  return sqlite(`plan-file-${name}`, UNREADABLE, (d) => {
    const link = d.json(documentOf(d.plan, d.document));
    const text = typeof made === 'function' ? made(Buffer.from(d.objects.get(link.digest)).toString()) : made;
    d.otherDocument = typeof text === 'string' ? d.content(text) : d.contentOf(text);
  });
}
