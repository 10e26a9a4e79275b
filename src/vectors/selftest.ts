import { judge, type Judgement } from '../validator/judge.ts';
import { ACCEPTED, NEARLY } from './cases/accepted.ts';
import { CHANGES } from './cases/changes.ts';
import { CLAIMS } from './cases/claims.ts';
import { GATES } from './cases/gates.ts';
import { LEG_FAULTS } from './cases/legs.ts';
import { PLAN_FILES } from './cases/plan-files.ts';
import { POSTCONDITIONS } from './cases/postconditions.ts';
import { PROBES } from './cases/probes.ts';
import { PROFILES } from './cases/profiles.ts';
import { SCRIPT_FAULTS } from './cases/scripts.ts';
import { SOURCES } from './cases/sources.ts';
import { CONTROLS, makeControl, type Control } from './controls.ts';
import { Draft, type Built } from './draft.ts';
import { MASKS } from './cases/masks.ts';
import { OBJECTS } from './cases/objects.ts';
import { PLANS } from './cases/plans.ts';
import { ROWS } from './cases/rows.ts';
import { SEQUENCES } from './cases/sequences.ts';
import { SNAPSHOTS } from './cases/snapshots.ts';
import { TREES } from './cases/trees.ts';
import type { Vector } from './vector.ts';
import { WAYS_BACK } from './cases/ways-back.ts';

/** Evidence with one fault each, and some with none (SPEC.md, "The validator's vectors"). Names are unique. */
export const VECTORS: readonly Vector[] = [
  ...OBJECTS,
  ...PLANS,
  ...PLAN_FILES,
  ...SCRIPT_FAULTS,
  ...SNAPSHOTS,
  ...TREES,
  ...ROWS,
  ...NEARLY,
  ...SOURCES,
  ...CLAIMS,
  ...GATES,
  ...LEG_FAULTS,
  ...POSTCONDITIONS,
  ...PROFILES,
  ...PROBES,
  ...WAYS_BACK,
  ...CHANGES,
  ...SEQUENCES,
  ...MASKS,
  ...ACCEPTED,
];

const controls = new Map<Control, Built>();

/** The evidence that vectors start from: accepted as it is. */
export function controlOf(control: Control): Built {
  const made = controls.get(control) ?? makeControl(control);
  controls.set(control, made);
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
  const draft = new Draft(controlOf(vector.control));
  const returned = vector.change(draft);
  const ids = Array.isArray(returned) ? returned.map(String) : [];
  const made = draft.build();
  const expected = vector.expected.map(
    ([code, path]) => `${code} ${path.replace(/\$([0-9])/g, (_, i) => ids[Number(i)] ?? '?')}`,
  );
  return { built: vector.spoil?.(made, ids) ?? made, expected: expected.sort() };
}

/** What was found, as `CODE path`, sorted. */
export function named({ findings }: Judgement): string[] {
  return findings.map(({ code, path }) => `${code} ${path}`).sort();
}

/** The controls are accepted and of each vector exactly its fault is found. Never throws. */
export function selftest(): SelftestResult {
  const failed: string[] = [];
  const attempt = (name: string, holds: () => boolean): void => {
    try {
      if (!holds()) failed.push(name);
    } catch {
      failed.push(name);
    }
  };
  for (const control of CONTROLS) {
    attempt(`control-${control}`, () => {
      const { subject, objects } = controlOf(control);
      return judge(subject, objects).accepted;
    });
  }
  for (const vector of VECTORS) {
    attempt(vector.name, () => {
      const { built, expected } = makeVector(vector);
      const judgement = judge(built.subject, built.objects);
      return (
        judgement.accepted === (expected.length === 0) && named(judgement).join('\n') === expected.join('\n')
      );
    });
  }
  return { ok: failed.length === 0, vectors: VECTORS.length, failed };
}
