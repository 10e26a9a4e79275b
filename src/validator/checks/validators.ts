import { finding, type Finding } from '../../finding.ts';
import { digestFromBytes } from '../../objects/digest.ts';
import type { Evidence } from '../evidence.ts';

/**
 * Somebody judges, and each validator that the rehearsal names is the file that its object says, once. Whether it is pinned is
 * the policy's affair, and how its file is run that of whoever runs it.
 */
export function validatorsNamed({ rehearsal, validators, digest }: Evidence): Finding[] {
  if (validators.length === 0) return [mismatch('validators', 'nobody judges')];
  const twice = (names: readonly string[]): boolean => new Set(names).size < names.length;
  return [
    ...(twice(rehearsal.validators.map((link) => link.digest)) || twice(validators.map(({ name }) => name))
      ? [mismatch('validators', 'one of them is named twice')]
      : []),
    ...validators.flatMap(({ file, sha256 }, i) =>
      digest(file) === digestFromBytes(sha256)
        ? []
        : [mismatch(`validators/${i}`, 'its file has another digest than it says')],
    ),
  ];
}

function mismatch(path: string, detail: string): Finding {
  return finding('VALIDATOR_MISMATCH', path, detail);
}
