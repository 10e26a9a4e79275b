import { FINDING_CODES } from '../finding.ts';
import { digestOf, type Digest } from '../objects/digest.ts';
import type { Control } from '../vectors/controls.ts';
import type { Built } from '../vectors/draft.ts';
import type { Vector } from '../vectors/vector.ts';
import { failedNames, misjudged, type ControlResult } from './control-result.ts';
import type { Runner } from './policy.ts';
import { runAs } from './run-as.ts';
import type { SandboxOptions } from './sandbox.ts';
import { twoAtOnce } from '../system/two-at-once.ts';

/**
 * Runs what tells a validator from a file that says yes (spec/REHEARSAL.md, "Pinning"): it must accept our controls; a
 * module for node must reject one of our vectors for each finding that our validator can make, a foreign one what is
 * false in the legs.
 * @throws CustodyError as {@link runAs}.
 */
export async function tryControls(
  validator: { readonly code: Uint8Array; readonly runner: Runner },
  options: SandboxOptions = {},
): Promise<ControlResult> {
  const cases = await controlCases(validator.runner);
  const judged = await twoAtOnce(
    cases,
    ({ built: { subject, objects } }, _, signal) =>
      runAs(validator, subject, objects.get, { ...options, signal }),
    options,
  );
  const findings = cases.flatMap(({ name, accept }, i) => misjudged(name, accept, judged[i]!));
  const failed = failedNames(findings);
  const { sandbox } = judged[0]!;
  return { ok: failed.length === 0, set: setOf(cases), vectors: cases.length, failed, findings, sandbox };
}

/** A line for each: the rehearsal, how it must be judged, its name. */
export function setOf(cases: readonly ControlCase[]): Digest {
  const lines = cases.map(
    ({ name, built, accept }) => `${built.subject} ${accept ? 'accept' : 'reject'} ${name}\n`,
  );
  return digestOf(Buffer.from(lines.join('')));
}

interface ControlCase {
  readonly name: string;
  readonly built: Built;
  readonly accept: boolean;
}

/** Few enough that a pin takes seconds. The vectors are loaded only where somebody is tried. */
export async function controlCases(runner: Runner): Promise<ControlCase[]> {
  const [{ controlOf, makeVector, VECTORS }, { CONTROLS }, { Draft }, { LIES }] = await Promise.all([
    import('../vectors/vectors.ts'),
    import('../vectors/controls.ts'),
    import('../vectors/draft.ts'),
    import('../vectors/lies.ts'),
  ]);
  const accepted = (which: readonly Control[]): ControlCase[] =>
    which.map((control) => ({ name: `control-${control}`, built: controlOf(control), accept: true }));
  const rejected = (name: string, built: Built): ControlCase => ({ name, built, accept: false });
  // One that wants each way back to lead to the very before-state need not know what may stay moved.
  if (runner === 'interpreter')
    return [
      ...accepted(['sqlite']),
      ...LIES.map(({ name, change }) => {
        const draft = new Draft(controlOf('sqlite'));
        change(draft);
        return rejected(name, draft.build());
      }),
    ];
  return [
    ...accepted(CONTROLS),
    ...onePerCode(VECTORS).map((vector) => rejected(vector.name, makeVector(vector).built)),
  ];
}

/** For each code the first of the vectors that show the least beside it. */
function onePerCode(vectors: readonly Vector[]): Vector[] {
  const chosen = FINDING_CODES.flatMap((code) => {
    const showing = vectors.filter(({ expected }) => expected.some(([found]) => found === code));
    const least = Math.min(...showing.map(({ expected }) => expected.length));
    return showing.filter(({ expected }) => expected.length === least).slice(0, 1);
  });
  return [...new Set(chosen)];
}
