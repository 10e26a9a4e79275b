import { digestToBytes } from '../objects/digest.ts';
import { tryControls } from './controls.ts';
import type { PinnedValidator } from './policy.ts';
import { releasedSelftest, type Selftest } from './releases.ts';
import type { SandboxOptions } from './sandbox.ts';

/**
 * What a validator's selftest gives (spec/REHEARSAL.md, "Selftests"): a foreign one's is run, for its few vectors are quick; that of one that custody brings
 * is known, for the same bytes give the same. Null: nobody knows. @throws CustodyError as {@link tryControls}.
 */
export async function selftestOf(
  { code, validator: { runner } }: PinnedValidator,
  options: SandboxOptions,
): Promise<Selftest> {
  if (runner === 'node-permission') return releasedSelftest(code);
  const { set, vectors, failed } = await tryControls({ code, runner }, options);
  return { vectors: digestToBytes(set), passed: vectors - failed.length, of: vectors };
}
