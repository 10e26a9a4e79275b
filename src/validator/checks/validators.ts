import { finding, type Finding } from '../../finding.ts';
import { digestFromBytes } from '../../objects/digest.ts';
import { readContent } from '../../objects/file.ts';
import type { Link } from '../../objects/link.ts';
import { driveSync } from '../../objects/walk.ts';
import type { Evidence } from '../evidence.ts';

/**
 * Somebody judges, and each validator that the rehearsal names is the file that its object says, once, and is run as
 * such a file must be. Whether it is pinned is the policy's affair.
 */
export function validatorsNamed(evidence: Evidence): Finding[] {
  const { rehearsal, validators, digest } = evidence;
  if (validators.length === 0) return [mismatch('validators', 'nobody judges')];
  const twice = (names: readonly string[]): boolean => new Set(names).size < names.length;
  return [
    ...(twice(rehearsal.validators.map((link) => link.digest)) || twice(validators.map(({ name }) => name))
      ? [mismatch('validators', 'one of them is named twice')]
      : []),
    ...validators.flatMap(({ file, sha256, runner }, i) => [
      ...(digest(file) === digestFromBytes(sha256)
        ? []
        : [mismatch(`validators/${i}`, 'its file has another digest than it says')]),
      ...(runner === (hasInterpreterLine(file, evidence) ? 'interpreter' : 'node-permission')
        ? []
        : [mismatch(`validators/${i}/runner`, 'such a file is not run like this')]),
    ]),
  ];
}

/** A file that names its interpreter is run by it; ours has no such line. */
function hasInterpreterLine(file: Link, { objects }: Evidence): boolean {
  for (const bytes of driveSync(readContent(file), objects.get))
    return bytes[0] === 0x23 && bytes[1] === 0x21;
  return false;
}

function mismatch(path: string, detail: string): Finding {
  return finding('VALIDATOR_MISMATCH', path, detail);
}
