import type { Digest } from '../../objects/digest.ts';
import { tryControls } from '../../judging/controls.ts';
import type { JudgeOptions } from '../../judging/judge.ts';
import type { SelftestReport } from '../../judging/validators.ts';
import { subjectFromFolder } from './from-folder.ts';

/**
 * Tries every validator that an unpacked packet brings, with the bytes that it holds; the seal is checked first.
 * @param trusted validators that may run beside the one of this version.
 * @throws CustodyError as {@link subjectFromFolder}; VALIDATOR_FAILED, …
 */
export async function selftestPacket(
  dir: string,
  trusted: readonly Digest[],
  options: JudgeOptions = {},
): Promise<SelftestReport> {
  const { validators } = await subjectFromFolder(dir, trusted, options);
  const tested: SelftestReport['validators'][number][] = [];
  for (const { link, validator, code } of validators) {
    const { name, runner } = validator;
    const result = await tryControls({ code, runner }, options);
    tested.push({ validator: link.digest, name, runner, ...result });
  }
  return { ok: tested.length > 0 && tested.every(({ ok }) => ok), validators: tested };
}
