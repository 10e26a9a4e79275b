import { deltaOf } from '../../objects/snapshots/delta.ts';
import type { Link } from '../../objects/link.ts';
import { resultOf } from '../../objects/walk.ts';
import type { GetSync } from './content.ts';

/** Sequences that stand elsewhere than before: what a plan may declare bounded. */
export function movedSequences(entry: Link, back: Link, get: GetSync): string[] {
  if (back.equals(entry)) return [];
  const { others } = resultOf(deltaOf(entry, back), get);
  return others.filter(({ part }) => part === 'sequence').map(({ name }) => name);
}

/** What to say of the state after a leg's way back. */
export function describeBack(entry: Link, back: Link | null, accepted: boolean, get: GetSync): string {
  if (!back) return 'not captured';
  if (back.equals(entry)) return 'exact';
  const moved = accepted ? movedSequences(entry, back, get) : [];
  return moved.length > 0
    ? `exact but for what the plan declares: sequence ${moved.join(', ')}`
    : 'not exact';
}
