import { FINDING_CODES } from '../finding.ts';
import { rawLink, nodeLink, type Link } from '../objects/link.ts';
import type { Built } from '../vectors/draft.ts';
import type { Vector } from '../vectors/vector.ts';
import { runValidator } from './validator-process.ts';
import { failedNames, misjudged, type ControlResult } from './control-result.ts';
import { twoAtOnce } from '../system/two-at-once.ts';
import type { JudgeOptions } from './judge.ts';

/**
 * Tries a module for node: it must accept our controls, and reject one of our vectors for each finding that our validator
 * can make (SPEC.md, "Pinning").
 * @throws CustodyError as {@link runValidator}.
 */
export async function tryNodeControls(code: Uint8Array, options: JudgeOptions = {}): Promise<ControlResult> {
  const cases = await controlCases();
  const judged = await twoAtOnce(
    cases,
    ({ built }, _, signal) => runValidator(code, built.subject, sent(built), { ...options, signal }),
    options,
  );
  const findings = cases.flatMap(({ name, accept }, i) => misjudged(name, accept, judged[i]!));
  const failed = failedNames(findings);
  return { ok: failed.length === 0, vectors: cases.length, failed, findings, sandbox: judged[0]!.sandbox };
}

interface ControlCase {
  readonly name: string;
  readonly built: Built;
  readonly accept: boolean;
}

/** Few enough that a pin takes seconds. The vectors are loaded only where somebody is tried. */
export async function controlCases(): Promise<ControlCase[]> {
  const [{ controlOf, makeVector, VECTORS }, { CONTROLS }] = await Promise.all([
    import('../vectors/vectors.ts'),
    import('../vectors/controls.ts'),
  ]);
  return [
    ...CONTROLS.map((control) => ({ name: `control-${control}`, built: controlOf(control), accept: true })),
    ...onePerCode(VECTORS).map((vector) => ({
      name: vector.name,
      built: makeVector(vector).built,
      accept: false,
    })),
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

/** All that is there: what the evidence cites may be missing or malformed. */
function* sent({ objects }: Built): Generator<{ link: Link; bytes: Uint8Array }> {
  for (const [digest, { codec, bytes }] of objects.entries())
    yield { link: codec === 'raw' ? rawLink(digest) : nodeLink(digest), bytes };
}
