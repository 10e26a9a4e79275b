import { causesFirst } from '../../finding.ts';
import { matchesIdentity, parseIdentity } from '../../rules/abbreviated-digest.ts';
import type { Material } from './material.ts';

/** hardened-validator-result.json: who judged, by which bytes, and what each said. */
export function validatorResult({ id, judgements, accepted, profile }: Material): unknown {
  return {
    rehearsal: id,
    accepted,
    // The validator that the team waits for, and who of these has its bytes: shown, never counted.
    expected: profile?.validator
      ? { identity: profile.validator.expected, matched_by: matching(profile.validator.expected, judgements) }
      : null,
    validators: judgements.map(({ verdict, validator, sha256, validatorFile, link }) => ({
      validator: verdict.validator,
      name: validator.name,
      sha256,
      runner: validator.runner,
      file: validatorFile,
      verdict: link,
      accepted: verdict.accepted,
      findings: causesFirst(verdict.findings),
      faults: verdict.faults,
      selftest: verdict.selftest,
    })),
  };
}

function matching(identity: string, judgements: Material['judgements']): string[] {
  const expected = parseIdentity(identity);
  return judgements
    .filter(({ sha256 }) => matchesIdentity(sha256, expected))
    .map(({ validator }) => validator.name);
}
