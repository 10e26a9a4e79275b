import { ERROR_EXIT } from '../errors.ts';
import { FINDING_CODES } from '../finding.ts';
import type { ObjectOf } from '../objects/kinds.ts';

/**
 * Whether a probe failed closed: its own code is among those that came, the command ended as that code ends a command,
 * and nothing leaked. The control, which expects none, was allowed: exit code 0 and no code at all.
 */
export function probeHeld({ expected, exit, codes, leaked }: ObjectOf<'probes'>['results'][number]): boolean {
  if (leaked.length > 0) return false;
  if (expected === null) return exit === 0 && codes.length === 0;
  return codes.includes(expected) && exitsOf(expected).includes(exit);
}

/** An error's exit code, 1 for a finding. What the environment does, and a bug of ours, is no refusal. */
function exitsOf(code: string): number[] {
  const error = Object.entries(ERROR_EXIT).find(([name]) => name === code)?.[1];
  return [
    ...(error === undefined ? [] : [error]),
    ...(FINDING_CODES.some((name) => name === code) ? [1] : []),
  ].filter((exit) => exit >= 1 && exit <= 3);
}
