import { compareBytes } from '../../objects/codec.ts';
import type { ScriptPart } from '../../rules/includes.ts';
import { encodeKey } from '../../objects/rows/key.ts';
import { MASKED } from '../../objects/rows/masked.ts';
import type { Draft, Entry } from '../draft.ts';
import { PROFILE, setProfile, WITHOUT_GATES } from '../profile.ts';
import { engineRow, type Cell } from '../states.ts';
import { postgresFull, sqlite, sqliteFull, type Expected, type Vector } from '../vector.ts';

const MALFORMED: Expected[] = [['EVIDENCE_MALFORMED', 'plan/profile']];
const VAN: Expected[] = [['SURFACE_OBSERVED', 'surfaces/van']];
const DATABASE: Expected[] = [['SURFACE_OBSERVED', 'surfaces/database']];
const SURFACE = '{ sqlite: [attach-refused, extensions-refused], postgres: [unix-socket-only] }';
const GATE = '{ name: marked,';
const GATE_OF_TWO = '{ name: two births, sql: SELECT count(*) FROM births, expect: 2 }\n  - { name: marked,';

/** What the profile forbids, done by a lane that did not ask the guard. */
export const PROFILES: readonly Vector[] = [
  sqliteFull('profile-gate-left-out', missing('marked'), ({ plan, rehearsal }) => {
    for (const gates of [plan, rehearsal, ...rehearsal.legs]) gates.preflight.pop();
  }),
  profile('gate-of-another-name', missing('is marked'), 'name: marked', 'name: is marked'),
  profile('gate-with-another-query', missing('marked'), 'FROM marks', 'FROM  marks'),
  profile('gate-with-another-expectation', missing('marked'), 'expect: SURR', 'expect: surr'),
  profile(
    'gate-more',
    missing('more'),
    'preflight:\n',
    'preflight:\n  - { name: more, sql: S, expect: 1 }\n',
  ),
  // Whatever is found, no claim is repeated.
  profile('gate-that-is-a-claim', missing('[REAL+PASS]'), 'name: marked', 'name: Real pass'),
  profile('accepted-gate-that-expects-a-number', [], GATE, GATE_OF_TWO, ({ plan, rehearsal }) => {
    plan.preflight[0]!.expect = rehearsal.preflight[0]!.expect = '2';
  }),
  sqliteFull('accepted-profile-without-gates', [], (d) => setProfile(d, WITHOUT_GATES)),

  ...['van', 'VAN', 'Book-Courier', 'book\ncourier'].map((word) =>
    script(`word-${word.replace(/\W/, '-')}-in-a-script`, VAN, `SELECT fn_${word}(1);`),
  ),
  script('word-in-a-string', VAN, "INSERT INTO births VALUES ('a -- van');"),
  script('word-in-quotes', VAN, 'SELECT "/* van */";'),
  script('word-behind-a-comment', VAN, '/* a /* b */ van */'),
  sqliteFull('surface-word-in-an-include', VAN, (d) => {
    d.setScript('executor', [file('a.sql', '\\i b.sql\n'), file('b.sql', 'SELECT van;\n')]);
  }),
  // In no file outside of a comment: a string opens in one, and closes in the next.
  sqliteFull('surface-word-behind-a-seam', VAN, (d) => {
    d.setScript('executor', [file('a.sql', "\\i b.sql\n-- ' van\n"), file('b.sql', "SELECT '\n")]);
  }),
  sqliteFull('surface-word-in-the-rollback', VAN, (d) => {
    d.setScript('rollback', [file('rollback.sql', 'SELECT van;\n')]);
  }),
  sqliteFull('surface-word-in-a-gate', VAN, ({ plan, rehearsal }) => {
    plan.preflight[0]!.sql = rehearsal.preflight[0]!.sql = 'SELECT van';
  }),
  sqliteFull('surface-word-in-a-postcondition', VAN, ({ plan }) => {
    plan.postconditions[0]!.sql = 'SELECT van';
  }),
  sqliteFull('surface-asked-for', [['PLAN_MISMATCH', 'plan/actions'], ...VAN], ({ plan }) => {
    plan.actions = ['CALL_A_VAN'];
  }),
  profile('surface-that-nothing-excludes', DATABASE, 'extensions-refused', 'network-isolated'),
  profile('surface-of-an-unknown-assertion', DATABASE, 'extensions-refused', 'moon-landed'),
  profile('surface-of-another-engine', DATABASE, SURFACE, '{ postgres: [unix-socket-only] }'),
  postgresFull('surface-of-another-engine', DATABASE, (d) => {
    setProfile(d, PROFILE.replace(SURFACE, '{ sqlite: [attach-refused] }'));
  }),
  profile('surface-of-no-engine', MALFORMED, SURFACE, '{}'),
  profile('surface-of-no-assertion', MALFORMED, 'attach-refused, extensions-refused', ''),
  sqliteFull(
    'surface-whose-assertion-is-missing',
    [['ISOLATION_UNPROVEN', 'isolation/attach-refused'], ...DATABASE],
    ({ rehearsal }) => {
      rehearsal.isolation = rehearsal.isolation.filter(({ assertion }) => assertion !== 'attach-refused');
    },
  ),
  sqliteFull(
    'surface-whose-assertion-is-there-twice',
    [['ISOLATION_UNPROVEN', 'isolation/attach-refused'], ...DATABASE],
    ({ rehearsal }) => void rehearsal.isolation.push({ assertion: 'attach-refused', holds: true }),
  ),
  script('accepted-words-in-comments', [], '-- van\n/* van\nvan */ SELECT caravan, vanity;'),
  postgresFull('accepted-surface-word-in-a-nested-comment', [], (d) => {
    d.setScript('executor', [file('executor.sql', '/* a /* b */ van */ SELECT $$--$$;')]);
  }),
  profile('accepted-surface-by-isolation-of-this-engine', [], SURFACE, '{ sqlite: [paths-confined] }'),

  claim('name', 'document/name', (d) => void (d.plan.name = 'one birth: REAL_PASS')),
  claim('macro', 'document/macro', (d) => void (d.plan.macro = 'M-real-pass-1')),
  claim('marker', 'document/source', (d) => void (d.plan.source.marker = 'Real Pass')),
  claim('source', 'document/source', (d) => void (d.document.source.file = 'REAL_PASS/a.db')),
  claim('comment', 'written', (d) => void (d.plan.written = d.content('# REAL  PASS\n'))),
  ...(['executor', 'rollback'] as const).map((which) =>
    sqliteFull(`claim-in-the-${which}`, [['CLAIM_FORBIDDEN', `${which}/parts/0`]], (d) => {
      d.setScript(which, [file(`${which}.sql`, 'SELECT 1;\n-- REAL-PASS REAL-PASS\n')]);
    }),
  ),
  sqliteFull('claim-in-an-include', [['CLAIM_FORBIDDEN', 'executor/parts/1']], (d) => {
    d.setScript('executor', [file('a.sql', '\\i b.sql\n'), file('b.sql', "SELECT 'real_pass';\n")]);
  }),
  sqliteFull('claim-in-a-row', [['CLAIM_FORBIDDEN', 'legs/T/after/births']], (d) => {
    d.setAfter(d.editRows(d.after, 'births', (rows) => changed(rows, 3n, 3n, 'a REAL_PASS', MASKED)));
  }),
  postgresFull('claim-in-a-row', [['CLAIM_FORBIDDEN', 'legs/T/after/public.births']], (d) => {
    d.setAfter(
      d.editRows(d.after, 'public.births', (rows) =>
        replaced(rows, 3n, engineRow('postgres', [3n, 'a REAL_PASS', MASKED])),
      ),
    );
  }),
  sqliteFull('claim-in-a-row-that-was-there', [['CLAIM_FORBIDDEN', 'legs/T/after/stock']], (d) => {
    editBefore(d, 'stock', (rows) => changed(rows, 5n, 5n, 'a Real pass'));
  }),
  sqliteFull('accepted-claim-in-a-row-that-nothing-touches', [], (d) => {
    const edit = (rows: Entry[]): Entry[] => changed(rows, 1n, 1n, 'REAL_PASS', '2026-01-01');
    editBefore(d, 'births', edit);
    d.setAfter(d.editRows(d.after, 'births', edit));
  }),
  sqliteFull(
    'claim-in-an-answer',
    ['baseline/2/actual', ...[0, 1, 2].map((leg) => `legs/${leg}/postconditions/2/actual`)].map(
      (path): Expected => ['CLAIM_FORBIDDEN', `rehearsal/${path}`],
    ),
    ({ rehearsal }) => {
      for (const answers of [rehearsal.baseline, ...rehearsal.legs.map((leg) => leg.postconditions)])
        answers[2]!.actual = 'REAL_PASS';
    },
  ),
  sqliteFull('accepted-words-that-are-no-claim', [], (d) => {
    d.plan.name = 'unREAL_PASS, REAL_PASSING, REAL+PASS, REAL. PASS';
    d.setScript('executor', [file('executor.sql', "SELECT 'PASS_REAL'; -- SURREAL PASS, REAL")]);
  }),

  ...(
    [
      ['host', 'mirror/DB.invalid/a.db'],
      ['url', 'x/https://db.invalid/tills/a.db'],
      ['path', '/srv/tills/a.db'],
      ['relative-path', 'x/sql/prod/a.db'],
      ['database', 'x/Tills-2026.db'],
      ['remote', 'postgres://elsewhere/a'],
    ] as const
  ).map(([name, path]) =>
    sqliteFull(`target-names-a-${name}`, target('source/file'), ({ document }) => {
      document.source.file = path;
    }),
  ),
  // What is on no path of this machine is nobody's clone, with a profile or without.
  sqlite('target-is-remote-without-a-profile', target('source/file'), ({ document }) => {
    document.source.file = '//server/share/a.db';
  }),
  sqliteFull('target-profile', target('profile/file'), ({ document }) => {
    document.profile!.file = 'tills.yaml';
  }),
  ...(['executor', 'rollback'] as const).map((which) =>
    sqliteFull(`target-${which}`, target(`${which}/file`, `${which}/includes/0/file`), (d) => {
      d.setScript(which, [
        file('sql/prod/a.sql', '\\ir b.sql\nSELECT 1;\n'),
        file('sql/prod/b.sql', 'SELECT 2;\n'),
      ]);
    }),
  ),
  sqliteFull('accepted-target-that-is-nearly-one', [], ({ document }) => {
    document.source.file = './mydb.invalid:1/srv/tills/prod/sql/stills.db';
  }),

  ...(
    [
      ['production', 'production:', 'productions:'],
      ['hosts', 'hosts: [db.invalid]', 'hosts: db.invalid'],
      ['databases', '  databases: [tills]\n', ''],
      ['claims', 'claims:', 'claim:'],
      ['subjects', '[REAL]', '[1]'],
      ['verdicts', ', verdicts: [PASS]', ''],
      ['surfaces', 'surfaces:', 'surface:'],
      ['surface-without-an-id', 'id: van', 'ids: van'],
      ['surface-that-says-not-how', '{ action: call a van, words: [van, book courier] }', '{}'],
      ['surface-with-an-unknown-way', 'action: call', 'wish: call'],
      ['words', 'words: [van, book courier]', 'words: van'],
      ['isolation', 'postgres: [unix-socket-only]', 'postgres: unix-socket-only'],
      ['gates', 'preflight:\n  - ', 'preflight:\n  '],
      ['gate', 'sql: SELECT marker FROM marks, ', ''],
    ] as const
  ).map(([name, old, by]) => profile(`malformed-${name}`, MALFORMED, old, by)),
];

function missing(gate: string): Expected[] {
  return [['GATE_MISSING', `plan/preflight/${gate}`]];
}

function target(...pointers: string[]): Expected[] {
  return pointers.map((pointer) => ['PRODUCTION_NAMED', `plan/document/${pointer}`]);
}

function file(path: string, text: string): ScriptPart {
  return { path, text };
}

/** The profile says something else in one place. */
function profile(
  name: string,
  expected: readonly Expected[],
  old: string,
  by: string,
  more?: (draft: Draft) => void,
): Vector {
  return sqliteFull(name.startsWith('accepted-') ? name : `profile-${name}`, expected, (d) => {
    setProfile(d, PROFILE.replace(old, by));
    more?.(d);
  });
}

/** The executor is another one. */
function script(name: string, expected: readonly Expected[], text: string): Vector {
  return sqliteFull(name.startsWith('accepted-') ? name : `surface-${name}`, expected, (d) => {
    d.setScript('executor', [file('executor.sql', text)]);
  });
}

function claim(where: string, path: string, change: (draft: Draft) => void): Vector {
  return sqliteFull(`claim-in-the-${where}`, [['CLAIM_FORBIDDEN', `plan/${path}`]], change);
}

/** The row of a key in SQLite has other values. */
function changed(rows: Entry[], key: bigint, ...values: Cell[]): Entry[] {
  return replaced(rows, key, engineRow('sqlite', values));
}

function replaced(rows: Entry[], key: bigint, row: Uint8Array): Entry[] {
  const at = encodeKey([key]);
  return rows.map((entry) => (compareBytes(entry[0], at) === 0 ? [at, row] : entry));
}

/** The before-state everywhere, also where leg S came to it with a moved counter. */
function editBefore(d: Draft, table: string, edit: (rows: Entry[]) => Entry[]): void {
  const back = d.leg('S').back!;
  d.setBefore(d.editRows(d.rehearsal.entry, table, edit));
  d.leg('S').back = d.editRows(back, table, edit);
}
