import type { ObjectOf } from '../objects/kinds.ts';

/** As which a command ends that found something, was used wrongly, or refused; not what the environment does, or a bug. */
const REFUSED: readonly number[] = [1, 2, 3];

/**
 * Whether a probe failed closed: its own code is among those that came, the command ended with a refusal, and nothing
 * leaked. The control, which expects none, was allowed: exit code 0 and no code at all.
 */
export function probeHeld({ expected, exit, codes, leaked }: ObjectOf<'probes'>['results'][number]): boolean {
  if (leaked.length > 0) return false;
  if (expected === null) return exit === 0 && codes.length === 0;
  return codes.includes(expected) && REFUSED.includes(exit);
}
