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
import { makeControl, type Control } from './controls.ts';
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

/** Evidence with one fault each, and some with none (spec/REHEARSAL.md, "The validator's vectors"). Names are unique. */
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
