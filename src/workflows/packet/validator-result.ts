import { digestFromBytes } from '../../objects/digest.ts';
import { matches, parseIdentity } from '../identity.ts';
import type { Material } from './material.ts';

/** hardened-validator-result.json: who judged, by which bytes, and what each said. */
export function validatorResult({ id, judgements, accepted }: Material): unknown {
  return {
    rehearsal: id,
    accepted,
    validators: judgements.map(({ verdict, validator, validatorFile, link }) => ({
      validator: verdict.validator,
      name: validator.name,
      sha256: validator.sha256,
      runner: validator.runner,
      file: validatorFile,
      verdict: link,
      accepted: verdict.accepted,
      findings: verdict.findings,
    })),
  };
}
