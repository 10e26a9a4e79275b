import { digestOf } from '../objects/digest.ts';
import type { ObjectOf } from '../objects/kinds.ts';
import { yamlValue } from '../rules/yaml.ts';
import type { Draft } from './draft.ts';
import { bytesOf } from './states.ts';

const HEAD = `custody: profile/2
name: a team
production:
  hosts: [db.invalid]
  urls: ['https://db.invalid/tills']
  paths: [/srv/tills, sql/prod]
  databases: [tills]
surfaces:
  - id: database
    title: the other database
    how: { isolation: { sqlite: [attach-refused, extensions-refused], postgres: [unix-socket-only] } }
    explanation: nothing opens a connection
  - id: van
    title: a van
    how: { action: call a van, words: [van, book courier] }
    explanation: it costs money
claims: { subjects: [REAL], verdicts: [PASS] }
`;
const GATES = `preflight:
  - { name: marked, sql: SELECT marker FROM marks, expect: SURROGATE }
`;
const PROBES = `probes:
  plan: plan.yaml
  control: { id: C0, name: the plan as it is }
  cases:
    - { id: B1, name: production target, command: rehearse, expected: TARGET_PRODUCTION }
    - { id: B2, name: missing rollback proof, command: verify, expected: LEG_MISSING }
`;

/** The script of the surrogate. */
export const SURROGATE = 'CREATE TABLE tills (id);\n';
const MADE = `surrogate:
  sql: { file: tills.sql, sha256: '${digestOf(bytesOf(SURROGATE))}' }
  spec: { about: tills }
  marker: SURROGATE
  sha256: '${digestOf(bytesOf('a database'))}'
`;

/** A team's rules, of which the full plan keeps every one: it asks the profile's gate and one of its own. */
export const PROFILE = HEAD + GATES + PROBES + MADE;
export const WITHOUT_GATES = HEAD + PROBES + MADE;
export const WITHOUT_PROBES = HEAD + GATES + MADE;

/** What each probe gave, in the profile's order. */
export const RESULTS: ObjectOf<'probes'>['results'] = [
  { id: 'C0', name: 'the plan as it is', expected: null, codes: [], ended: 'allowed', leaked: [] },
  {
    id: 'B1',
    name: 'production target',
    expected: 'TARGET_PRODUCTION',
    codes: ['TARGET_PRODUCTION'],
    ended: 'refused',
    leaked: [],
  },
  {
    id: 'B2',
    name: 'missing rollback proof',
    expected: 'LEG_MISSING',
    codes: ['LEG_MISSING'],
    ended: 'refused',
    leaked: [],
  },
];

/** Another profile, wherever it is named. */
export function setProfile(d: Draft, text: string): void {
  const written = d.content(text);
  d.plan.profile = { ...d.plan.profile!, document: d.json(yamlValue(bytesOf(text))), written };
  d.document.profile!.sha256 = written.digest;
  if (d.probes) d.probes.profile = written;
}
