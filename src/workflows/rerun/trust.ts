import { CustodyError } from '../../errors.ts';
import { finding } from '../../finding.ts';
import { digestOf, type Digest } from '../../objects/digest.ts';
import { MemoryObjects } from '../../objects/memory-objects.ts';
import { putBuiltInValidator, type PinnedValidator } from '../../judging/policy.ts';

/**
 * Evidence may bring a validator, but does not decide that it runs: only the one that this version brings runs, one that
 * the first policy of the ledger pins, or one that the user names.
 * @param trusted ids: of the first policy, and of `--validator`.
 * @throws CustodyError VALIDATOR_NOT_PINNED, with a finding for each that may not run.
 */
export async function requireTrusted(
  validators: readonly PinnedValidator[],
  trusted: readonly Digest[],
): Promise<void> {
  const builtIn = await putBuiltInValidator(new MemoryObjects());
  const others = validators.filter(({ link }) => !link.equals(builtIn) && !trusted.includes(link.digest));
  if (others.length === 0) return;
  const findings = others.map(({ link, code, validator: { name } }) =>
    finding('VALIDATOR_NOT_PINNED', `validators/${name}`, `${link.digest}, sha256:${digestOf(code)}`),
  );
  const names = others.map(({ validator }) => validator.name).join(', ');
  const [it, is] = others.length === 1 ? ['it', 'is'] : ['them', 'are'];
  const options = others.map(({ link }) => `--validator ${link.digest}`).join(' ');
  throw new CustodyError(
    'VALIDATOR_NOT_PINNED',
    `${names} ${is} neither trusted nor what this version brings: not run`,
    { findings, hint: `Read ${it}; if you trust ${it}, add ${options}` },
  );
}
