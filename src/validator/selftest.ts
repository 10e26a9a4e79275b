import { judge, STAGES } from './judge.ts';
import { ACCEPTED, NEARLY } from './selftest/accepted.ts';
import { CHANGES } from './selftest/changes.ts';
import { CLAIMS } from './selftest/claims.ts';
import { control } from './selftest/controls.ts';
import { Draft, type Built } from './selftest/draft.ts';
import { MASKS } from './selftest/masks.ts';
import { OBJECTS } from './selftest/objects.ts';
import { PLANS } from './selftest/plans.ts';
import { ROWS } from './selftest/rows.ts';
import { SEQUENCES } from './selftest/sequences.ts';
import { SNAPSHOTS } from './selftest/snapshots.ts';
import { TREES } from './selftest/trees.ts';
import type { Vector } from './selftest/vector.ts';
import { WAYS_BACK } from './selftest/ways-back.ts';

/** Evidence with one fault each, and some with none (SPEC.md, "The validator's vectors"). Names are unique. */
export const VECTORS: readonly Vector[] = [
  ...OBJECTS,
  ...PLANS,
  ...SNAPSHOTS,
  ...TREES,
  ...ROWS,
  ...NEARLY,
  ...CLAIMS,
  ...WAYS_BACK,
  ...CHANGES,
  ...SEQUENCES,
  ...MASKS,
  ...ACCEPTED,
];

const controls = new Map<string, Built>();

/** The evidence that every vector starts from: accepted as it is. */
export function controlOf(engine: Vector['engine']): Built {
  const made = controls.get(engine) ?? control(engine);
  controls.set(engine, made);
  return made;
}

export interface SelftestResult {
  readonly ok: boolean;
  readonly vectors: number;
  /** Names of the vectors, or controls, that were not judged as they must be. */
  readonly failed: readonly string[];
}

/** A vector's evidence, and what must be found in it as `CODE path`, sorted. */
export function makeVector(vector: Vector): { built: Built; expected: string[] } {
  const draft = new Draft(controlOf(vector.engine));
  const returned = vector.change(draft);
  const ids = Array.isArray(returned) ? returned.map(String) : [];
  const made = draft.build();
  const expected = vector.expected.map(
    ([code, path]) => `${code} ${path.replace(/\$([0-9])/g, (_, i) => ids[Number(i)] ?? '?')}`,
  );
  return { built: vector.spoil?.(made, ids) ?? made, expected: expected.sort() };
}

/** What the judge finds, as `CODE path`, sorted. */
export function foundIn({ subject, objects }: Built, stages = STAGES): string[] {
  return judge(subject, objects, stages)
    .findings.map(({ code, path }) => `${code} ${path}`)
    .sort();
}

/** Both controls are accepted and of each vector exactly its fault is found. Never throws. */
export function selftest(): SelftestResult {
  const failed: string[] = [];
  const attempt = (name: string, holds: () => boolean): void => {
    try {
      if (!holds()) failed.push(name);
    } catch {
      failed.push(name);
    }
  };
  for (const engine of ['sqlite', 'postgres'] as const) {
    attempt(`control-${engine}`, () => {
      const { subject, objects } = controlOf(engine);
      return judge(subject, objects).accepted;
    });
  }
  for (const vector of VECTORS) {
    attempt(vector.name, () => {
      const { built, expected } = makeVector(vector);
      const { accepted } = judge(built.subject, built.objects);
      return accepted === (expected.length === 0) && foundIn(built).join('\n') === expected.join('\n');
    });
  }
  return { ok: failed.length === 0, vectors: VECTORS.length, failed };
}
