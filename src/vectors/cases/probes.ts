import type { Draft } from '../draft.ts';
import { setProfile, WITHOUT_PROBES } from '../profile.ts';
import { sqlite, sqliteFull, type Expected, type Vector } from '../vector.ts';

type Result = NonNullable<Draft['probes']>['results'][number];

/** Probes that were not run, are not those of the profile, or were not refused. */
export const PROBES: readonly Vector[] = [
  sqliteFull('probes-not-run', [['PROBES_MISSING', 'probes']], ({ rehearsal }) => {
    rehearsal.probes = null;
  }),
  sqlite('probes-without-a-profile', [['PLAN_MISMATCH', 'probes']], (d) => {
    d.rehearsal.probes = d.put({ kind: 'probes', v: 2, profile: d.content('a profile'), results: [] });
  }),
  sqliteFull(
    'probes-of-a-profile-without-any',
    [['PLAN_MISMATCH', 'probes'], ...more('C0', 'B1', 'B2')],
    (d) => {
      setProfile(d, WITHOUT_PROBES);
    },
  ),
  sqliteFull('probes-of-another-profile', [['PLAN_MISMATCH', 'probes/profile']], (d) => {
    d.probes!.profile = d.content(WITHOUT_PROBES);
  }),
  sqliteFull('probes-is-a-plan', [['EVIDENCE_MALFORMED', 'probes']], (d) => {
    d.rehearsal.probes = d.put({ ...d.validators[0]! });
    d.validators.pop();
    d.keepProbes = true;
  }),
  results('one-missing', [['PROBES_MISSING', 'probes/B2']], (list) => void list.pop()),
  results('control-missing', [['PROBES_MISSING', 'probes/C0']], (list) => void list.shift()),
  results(
    'none',
    ['C0', 'B1', 'B2'].map((id) => ['PROBES_MISSING', `probes/${id}`] as const),
    (list) => void list.splice(0),
  ),
  results('one-twice', more('B2'), (list) => void list.push(list[2]!)),
  results('one-more', more('B3'), (list) => void list.push({ ...list[2]!, id: 'B3' })),
  results('in-another-order', more('B1', 'B2', 'C0'), (list) => void list.unshift(list.pop()!)),
  result('of-another-name', [['PLAN_MISMATCH', 'probes/B1']], (probe) => void (probe.name = 'another')),
  result(
    'of-another-id',
    [
      ['PROBES_MISSING', 'probes/B1'],
      ['PLAN_MISMATCH', 'probes/B7'],
    ],
    (probe) => void (probe.id = 'B7'),
  ),
  result('that-expects-less', [['PLAN_MISMATCH', 'probes/B1']], (probe) => {
    Object.assign(probe, { expected: 'USAGE', codes: ['USAGE'] });
  }),
  result('refused-with-another-code', refused('B1'), (probe) => void (probe.codes = ['USAGE'])),
  result('refused-with-no-code', refused('B1'), (probe) => void (probe.codes = [])),
  result('not-refused', refused('B1'), (probe) => void (probe.ended = 'allowed')),
  // What the environment does, or a crash, is no refusal.
  result('that-failed', refused('B1'), (probe) => void (probe.ended = 'failed')),
  // It was found in the evidence only, which has another code: the guard let it pass.
  result('that-was-found-too-late', refused('B1'), (probe) => {
    probe.codes = ['PRODUCTION_NAMED'];
  }),
  result('that-leaked', refused('B1'), (probe) => void (probe.leaked = ['REAL_PASS'])),
  result(
    'with-words-for-a-code',
    [['EVIDENCE_MALFORMED', 'probes/B1']],
    (probe) => void probe.codes.push('all fine'),
  ),
  result(
    'with-codes-in-another-order',
    [['EVIDENCE_MALFORMED', 'probes/B1']],
    (probe) => void probe.codes.push('SURFACE_FORBIDDEN'),
  ),
  result(
    'with-a-code-twice',
    [['EVIDENCE_MALFORMED', 'probes/B1']],
    (probe) => void probe.codes.push('TARGET_PRODUCTION'),
  ),
  result('control-that-was-refused', refused('C0'), (_, control) => void (control.ended = 'refused')),
  result('control-that-failed', refused('C0'), (_, control) => void (control.ended = 'failed')),
  result('control-with-a-code', refused('C0'), (_, control) => void control.codes.push('USAGE')),
  result('control-that-leaked', refused('C0'), (_, control) => void (control.leaked = ['REAL_PASS'])),
  result(
    'control-that-expects-a-code',
    more('C0').concat(refused('C0')),
    (_, control) => void (control.expected = 'USAGE'),
  ),
  sqliteFull('accepted-profile-without-probes', [], (d) => {
    setProfile(d, WITHOUT_PROBES);
    d.rehearsal.probes = null;
  }),
  sqliteFull('accepted-probe-with-a-further-code', [], (d) => {
    d.probes!.results[1]!.codes.unshift('SURFACE_FORBIDDEN');
  }),
];

function more(...ids: string[]): Expected[] {
  return ids.map((id) => ['PLAN_MISMATCH', `probes/${id}`]);
}

function refused(id: string): Expected[] {
  return [['PROBE_NOT_REFUSED', `probes/${id}`]];
}

function results(name: string, expected: readonly Expected[], edit: (results: Result[]) => void): Vector {
  return sqliteFull(`probes-${name}`, expected, (d) => edit(d.probes!.results));
}

function result(
  name: string,
  expected: readonly Expected[],
  edit: (probe: Result, control: Result) => void,
): Vector {
  return sqliteFull(`probe-${name}`, expected, (d) => edit(d.probes!.results[1]!, d.probes!.results[0]!));
}
