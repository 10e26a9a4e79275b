import type { Ledger } from '../ledger/ledger.ts';
import { digestOf, type Digest } from '../objects/digest.ts';
import type { ControlResult } from './control-result.ts';
import { tryControls } from './controls.ts';
import { showIdentity } from '../rules/abbreviated-digest.ts';
import type { JudgeOptions } from './judge.ts';
import { BUILT_IN_NAME, builtInValidator, currentPolicy, loadValidator, pinnedValidators } from './policy.ts';

export interface ValidatorList {
  readonly policy: Digest;
  /** Those that judge, in their order. */
  readonly validators: readonly {
    readonly validator: Digest;
    readonly name: string;
    readonly sha256: Digest;
    readonly runner: string;
    readonly builtIn: boolean;
  }[];
  /** Those whose bytes nobody supplied yet: they judge nothing. */
  readonly expected: readonly { readonly name: string; readonly identity: string }[];
  /** Assertions that every rehearsal must prove. */
  readonly isolation: readonly string[];
  /** The one that this version of custody brings. */
  readonly builtIn: { readonly name: string; readonly sha256: Digest; readonly pinned: boolean };
}

/** Which validators count in a ledger, and which do not yet. @throws CustodyError VALIDATOR_NOT_BUILT, OBJECT_CORRUPT, … */
export async function listValidators(ledger: Ledger): Promise<ValidatorList> {
  const { policy, id } = await currentPolicy(ledger);
  const own = digestOf(await builtInValidator());
  const validators: ValidatorList['validators'][number][] = [];
  for (const link of policy.validators) {
    const { validator, code } = await loadValidator(ledger, link);
    const { name, runner } = validator;
    const sha256 = digestOf(code);
    validators.push({ validator: link.digest, name, sha256, runner, builtIn: sha256 === own });
  }
  return {
    policy: id,
    validators,
    expected: policy.expected.map((one) => ({ name: one.name, identity: showIdentity(one) })),
    isolation: policy.isolation,
    builtIn: { name: BUILT_IN_NAME, sha256: own, pinned: validators.some(({ builtIn }) => builtIn) },
  };
}

export interface SelftestReport {
  readonly ok: boolean;
  readonly validators: readonly ({
    readonly validator: Digest;
    readonly name: string;
    readonly runner: string;
  } & ControlResult)[];
}

/** Tries every pinned validator, with the bytes that the ledger holds. @throws CustodyError VALIDATOR_FAILED, … */
export async function selftestValidators(
  ledger: Ledger,
  options: JudgeOptions = {},
): Promise<SelftestReport> {
  const validators: SelftestReport['validators'][number][] = [];
  for (const { link, validator, code } of await pinnedValidators(ledger, await currentPolicy(ledger))) {
    const { name, runner } = validator;
    validators.push({
      validator: link.digest,
      name,
      runner,
      ...(await tryControls({ code, runner }, options)),
    });
  }
  return { ok: validators.every(({ ok }) => ok), validators };
}
