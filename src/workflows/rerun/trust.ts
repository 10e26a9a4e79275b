import { CustodyError } from '../../errors.ts';
import { digestFromBytes, type Digest } from '../../objects/digest.ts';
import { MemoryObjects } from '../../objects/memory-objects.ts';
import { putBuiltInValidator, type PinnedValidator } from '../policy.ts';

/**
 * Evidence may bring a validator, but does not decide that it runs: only the one that this version brings runs, one that
 * the first policy of the ledger pins, or one that the user names.
 * @param trusted ids: of the first policy, and of `--validator`.
 * @throws CustodyError VALIDATOR_NOT_PINNED
 */
export async function requireTrusted(
  validators: readonly PinnedValidator[],
  trusted: readonly Digest[],
): Promise<void> {
  const builtIn = await putBuiltInValidator(new MemoryObjects());
  for (const { link, validator } of validators) {
    if (link.equals(builtIn) || trusted.includes(link.digest)) continue;
    throw new CustodyError(
      'VALIDATOR_NOT_PINNED',
      `the validator ${validator.name} (sha256:${digestFromBytes(validator.sha256)}) is neither the one of this version nor trusted`,
      {
        path: link.digest,
        hint: `Read it; if you trust it, run again with --validator ${link.digest}.`,
      },
    );
  }
}
