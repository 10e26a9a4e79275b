import { finding, type Finding } from '../../finding.ts';
import type { Evidence } from '../evidence.ts';

/**
 * Somebody judges, and nobody twice, under whatever names. Whether a validator is pinned is the policy's affair, and how its
 * file is run that of whoever runs it.
 */
export function validatorsNamed({ validators, digest }: Evidence): Finding[] {
  if (validators.length === 0) return [mismatch('nobody judges')];
  const twice = (names: readonly string[]): boolean => new Set(names).size < names.length;
  const isTwice =
    twice(validators.map(({ name }) => name)) || twice(validators.map(({ file }) => digest(file)));
  return isTwice ? [mismatch('one of them is named twice')] : [];
}

function mismatch(detail: string): Finding {
  return finding('VALIDATOR_MISMATCH', 'validators', detail);
}
