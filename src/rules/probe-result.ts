import type { ObjectOf } from '../objects/kinds.ts';

/**
 * Whether a probe failed closed: its own code is among those that came, the command ended with a refusal, and nothing
 * leaked. The control, which expects none, was allowed, with no code at all.
 */
export function probeHeld({
  expected,
  ended,
  codes,
  leaked,
}: ObjectOf<'probes'>['results'][number]): boolean {
  if (leaked.length > 0) return false;
  if (expected === null) return ended === 'allowed' && codes.length === 0;
  return ended === 'refused' && codes.includes(expected);
}
