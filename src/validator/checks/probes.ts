import { finding, type Finding } from '../../finding.ts';
import { probeHeld } from '../../rules/probe-result.ts';
import type { Evidence } from '../evidence.ts';

/** A profile with probes was probed; without one nothing is claimed about probes. */
export function probesDue({ plan, profile, rehearsal }: Evidence): Finding[] {
  const due = profile?.probes !== undefined;
  if (due === (rehearsal.probes !== null)) return [];
  return due
    ? [finding('PROBES_MISSING', 'probes', 'the profile has probes, and nobody ran them')]
    : [
        finding(
          'PLAN_MISMATCH',
          'probes',
          `probes of ${plan.profile ? 'a profile without any' : 'no profile'}`,
        ),
      ];
}

/** The probes are those of the plan's profile, all of them, in its order: the control, then the cases. */
export function probesAsProfiled({ plan, profile, probes }: Evidence): Finding[] {
  if (!probes || !profile) return [];
  const { results } = probes;
  // A control is expected to be refused with nothing.
  const wanted = profile.probes
    ? [{ ...profile.probes.control, expected: null }, ...profile.probes.cases]
    : [];
  return [
    ...(plan.profile?.written.equals(probes.profile)
      ? []
      : [finding('PLAN_MISMATCH', 'probes/profile', 'another profile was probed than the plan has')]),
    ...wanted
      .filter(({ id }) => !results.some((result) => result.id === id))
      .map(({ id }) => finding('PROBES_MISSING', `probes/${id}`, 'this probe was not run')),
    ...results.flatMap(({ id, name, expected }, i) => {
      const due = wanted[i];
      return results.length < wanted.length ||
        (due?.id === id && due.name === name && due.expected === expected)
        ? []
        : [
            finding(
              'PLAN_MISMATCH',
              `probes/${id}`,
              'a probe that the profile does not have like this, or not here',
            ),
          ];
    }),
  ];
}

/** Every probe was refused with the code that is meant for it, and the control was not; none left a forbidden word behind. */
export function probesRefused({ probes }: Evidence): Finding[] {
  return (probes?.results ?? []).flatMap((result) => {
    const { id, expected, codes, ended, leaked } = result;
    const path = `probes/${id}`;
    const bad = (what: string): Finding[] => [finding('PROBE_NOT_REFUSED', path, what)];
    if (leaked.length > 0) return bad(`it left a forbidden claim: ${leaked.join(', ')}`);
    const odd = codes.find((code) => !CODE.test(code));
    if (odd !== undefined) return [finding('EVIDENCE_MALFORMED', path, `no code: ${odd}`)];
    if (codes.some((code, i) => i > 0 && codes[i - 1]! >= code))
      return [finding('EVIDENCE_MALFORMED', path, 'codes out of order, or one twice')];
    if (probeHeld(result)) return [];
    const found = `${codes.join(', ') || 'no code'}, ${ended}`;
    return bad(
      expected === null ? `the control was refused: ${found}` : `expected ${expected}, found ${found}`,
    );
  });
}

/** Which codes there are, the command line that was probed knows; a validator that knew would change with each of them. */
const CODE = /^[A-Z][A-Z_]+$/;
