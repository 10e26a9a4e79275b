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
